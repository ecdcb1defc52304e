import fc from 'fast-check'

/** Hands on every beginning of a file, and copies of it with one to four bytes changed. */
export function eachDamagedCopy(intact: Buffer, attempt: (bytes: Uint8Array) => void, numRuns: number): void {
  for (let length = 0; length < intact.length; length++) attempt(intact.subarray(0, length))
  const flips = fc.array(fc.record({ at: fc.nat(intact.length - 1), value: fc.nat(255) }), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(flips, (drawn) => {
      const damaged = Buffer.from(intact)
      for (const { at, value } of drawn) damaged.writeUInt8(value, at)
      attempt(damaged)
    }),
    { numRuns },
  )
}
