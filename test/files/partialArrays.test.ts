import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { readNpy } from '../../src/files/npy.js'
import { openPartialArrays } from '../../src/files/partialArrays.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

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
    await second.finish({ file: 'about.json', content: '{}' })
    await second.close()
    const values = new Float32Array(Uint8Array.from(readFileSync(join(out, 'b.npy')).subarray(-4 * 12)).buffer)
    expect([...values]).toEqual([...(matrices()[1] as Float32Array)])
  })

  it('protect the rows that stand: of one that lost a bit, or lies in a cut part, only that one is computed again', async () => {
    const out = join(folder(), 'damage')
    const first = await openPartialArrays(out, 'same', PLANS)
    await first.write(
      [0, 1, 3].map((row) => ({ row, from: row })),
      matrices(),
    )
    await first.close()
    const path = join(out, 'a.npy.partial')
    const bytes = readFileSync(path)
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(bytes.length - 8 * 3) ^ 4, bytes.length - 8 * 3)
    writeFileSync(path, flipped)
    truncateSync(join(out, 'b.npy.partial'), readFileSync(join(out, 'b.npy.partial')).length - 1)
    const second = await openPartialArrays(out, 'same', PLANS)
    expect([[...second.done], second.damaged]).toEqual([[1, 0, 0, 0], 2])
    await second.write(
      [1, 2, 3].map((row) => ({ row, from: row })),
      matrices(),
    )
    await second.close()
    const third = await openPartialArrays(out, 'same', PLANS)
    expect([[...third.done], third.damaged]).toEqual([[1, 1, 1, 1], 0])
    expect(await Promise.all(PLANS.map((_, index) => third.read(index)))).toEqual(matrices())
    await third.close()
    writeFileSync(path, Buffer.from(readFileSync(path)).fill('x', 20, 21))
    const fourth = await openPartialArrays(out, 'same', PLANS)
    expect([[...fourth.done], fourth.damaged]).toEqual([[0, 0, 0, 0], 4])
    await fourth.close()
  })

  it('finish with what describes them, which comes first; and go on where that was cut short', async () => {
    const out = join(folder(), 'finish')
    const rows = [0, 1, 2, 3].map((row) => ({ row, from: row }))
    const first = await openPartialArrays(out, 'same', PLANS)
    await first.write(rows, matrices())
    mkdirSync(join(out, 'b.npy'))
    await expect(first.finish({ file: 'about.json', content: 'new' })).rejects.toThrow(OutputError)
    await first.close()
    expect(readFileSync(join(out, 'about.json'), 'utf8')).toBe('new')
    expect([existsSync(join(out, 'a.npy')), existsSync(join(out, 'b.npy.partial'))]).toEqual([true, true])
    rmSync(join(out, 'b.npy'), { recursive: true })
    const second = await openPartialArrays(out, 'same', PLANS)
    expect([[...second.done], second.damaged]).toEqual([[1, 1, 1, 1], 0])
    await second.finish({ file: 'about.json', content: 'newer' })
    await second.close()
    expect(readdirSync(out).sort()).toEqual(['a.npy', 'about.json', 'b.npy'])
    expect((await readNpy(join(out, 'a.npy'))).data).toEqual(matrices()[0])
  })

  it.each([
    ['other inputs', 'other', () => undefined],
    ['a file that was cut', 'same', (out: string) => truncateSync(join(out, 'b.npy.partial'), 140)],
    [
      'a damaged state',
      'same',
      (out: string) => writeFileSync(join(out, 'partial.json'), '{"fingerprint":"same","sums":[null,null,null,"7"]}'),
    ],
    [
      'a state of other rows',
      'same',
      (out: string) => writeFileSync(join(out, 'partial.json'), '{"fingerprint":"same","sums":[1,2,3,4,5]}'),
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
