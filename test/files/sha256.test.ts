import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, sha256OfFile } from '../../src/files/sha256.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

describe('SHA-256', () => {
  it('gives the digests of FIPS 180-4', () => {
    expect(sha256()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256('a'.repeat(1_000_000))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')
  })

  it('does not depend on how the bytes are cut, nor on whether they lie in a file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (pieces) => {
        const whole = Buffer.concat(pieces)
        writeFileSync(inFolder('file'), whole)
        expect(sha256(...pieces)).toBe(sha256(whole))
        expect(await sha256OfFile(inFolder('file'))).toBe(sha256(whole))
      }),
      { numRuns: 30 },
    )
  })

  it.each([0, 1 << 16, (1 << 16) + 1, 3 * (1 << 20) + 5])(
    'reads a file of %d bytes whole, at once or in pieces',
    async (length) => {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251)
      writeFileSync(inFolder('file'), bytes)
      expect(await sha256OfFile(inFolder('file'))).toBe(sha256(bytes))
    },
  )

  it('of a missing file is an error', async () => {
    await expect(sha256OfFile(inFolder('nothing'))).rejects.toThrow(/does not exist; check the path/)
  })
})
