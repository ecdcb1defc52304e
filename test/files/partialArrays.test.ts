import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPartialArrays } from '../../src/files/partialArrays.js'
import { temporaryFolder } from '../temporaryFolder.js'

const folder = temporaryFolder()
const PLANS = [
  { file: 'a.npy', shape: [4, 2], rows: 4, dims: 2 },
  { file: 'b.npy', shape: [4, 3], rows: 4, dims: 3 },
]

/** Rows whose values say which they are. */
function matrices(): Float32Array[] {
  return PLANS.map(({ rows, dims }) =>
    Float32Array.from({ length: rows * dims }, (_, i) => 10 * Math.floor(i / dims) + (i % dims)),
  )
}

describe('partial arrays', () => {
  it('take rows in any order, go on where they were left, and end as .npy files', async () => {
    const out = join(folder(), 'any-order')
    const first = await openPartialArrays(out, 'same', PLANS)
    expect([...first.done]).toEqual([0, 0, 0, 0])
    await first.write(
      [
        { row: 3, from: 3 },
        { row: 1, from: 1 },
      ],
      matrices(),
    )
    await first.close()
    const second = await openPartialArrays(out, 'same', PLANS)
    expect([...second.done]).toEqual([0, 1, 0, 1])
    const stored = await second.read(1)
    expect([...stored.subarray(3, 6), ...stored.subarray(9)]).toEqual([10, 11, 12, 30, 31, 32])
    // Rows of a smaller matrix go to their places.
    const rest = PLANS.map(({ dims }) =>
      Float32Array.from({ length: 2 * dims }, (_, i) => 20 * Math.floor(i / dims) + (i % dims)),
    )
    await second.write(
      [
        { row: 0, from: 0 },
        { row: 2, from: 1 },
      ],
      rest,
    )
    await second.finish()
    await second.close()
    const values = new Float32Array(Uint8Array.from(readFileSync(join(out, 'b.npy')).subarray(-4 * 12)).buffer)
    expect([...values]).toEqual([...(matrices()[1] as Float32Array)])
  })

  it.each([
    ['other inputs', 'other', () => undefined],
    ['a file that was cut', 'same', (out: string) => truncateSync(join(out, 'b.npy.partial'), 140)],
    [
      'a damaged state',
      'same',
      (out: string) => writeFileSync(join(out, 'partial.json'), '{"fingerprint":"same","done":"####"}'),
    ],
    [
      'a state of other rows',
      'same',
      (out: string) => writeFileSync(join(out, 'partial.json'), '{"fingerprint":"same","done":"/////w=="}'),
    ],
  ])('begin anew after %s', async (name, fingerprint, damage) => {
    const out = join(folder(), name)
    const first = await openPartialArrays(out, 'same', PLANS)
    await first.write([{ row: 3, from: 3 }], matrices())
    await first.close()
    damage(out)
    const second = await openPartialArrays(out, fingerprint, PLANS)
    expect([...second.done]).toEqual([0, 0, 0, 0])
    await second.close()
  })

  it('take the place of rows of others that stopped there, and of nothing else', async () => {
    const out = join(folder(), 'others')
    const others = await openPartialArrays(out, 'others', [
      { file: 'a.npy', shape: [4, 2], rows: 4, dims: 2 },
      { file: 'c.npy', shape: [4, 3], rows: 4, dims: 3 },
    ])
    await others.write([{ row: 0, from: 0 }], matrices())
    await others.close()
    for (const name of ['c.npy', 'mine.partial', 'notes.txt']) writeFileSync(join(out, name), '')
    const mine = ['a.npy.partial', 'b.npy.partial', 'c.npy', 'mine.partial', 'notes.txt']
    const arrays = await openPartialArrays(out, 'these', PLANS)
    await arrays.write([{ row: 0, from: 0 }], matrices())
    await arrays.close()
    expect(readdirSync(out).sort()).toEqual([...mine, 'partial.json'].sort())
    const again = await openPartialArrays(out, 'these', PLANS)
    expect([...again.done]).toEqual([1, 0, 0, 0])
    await again.close()
  })
})
