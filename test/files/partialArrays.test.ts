import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { readNpy } from '../../src/files/npy.js'
import { openPartialArrays, type PartialArrays } from '../../src/files/partialArrays.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const PLANS = [
  { file: 'a.npy', shape: [4, 2], rows: 4, dims: 2 },
  { file: 'b.npy', shape: [4, 3], rows: 4, dims: 3 },
]

/** Rows whose values say which they are. */
const MATRICES = PLANS.map(({ rows, dims }) =>
  Float32Array.from({ length: rows * dims }, (_, i) => 10 * Math.floor(i / dims) + (i % dims)),
)

const places = (...rows: readonly number[]) => rows.map((row) => ({ row, from: row }))

/** What `use` makes of the arrays while they are open. */
async function opened<T>(use: (arrays: PartialArrays) => T | Promise<T>, fingerprint = 'same', specs = PLANS) {
  const arrays = await openPartialArrays(inFolder(), fingerprint, specs)
  try {
    return await use(arrays)
  } finally {
    await arrays.close()
  }
}

const write = (...rows: readonly number[]) => opened((arrays) => arrays.write(places(...rows), MATRICES))
const standing = (fingerprint?: string) => opened(({ done, damaged }) => ({ done: [...done], damaged }), fingerprint)

describe('partial arrays', () => {
  it('take rows in any order, go on where they were left, and end as .npy files', async () => {
    expect(await standing()).toEqual({ done: [0, 0, 0, 0], damaged: 0 })
    await write(3, 1)
    expect(await standing()).toEqual({ done: [0, 1, 0, 1], damaged: 0 })
    await opened(async (arrays) => {
      const stored = await arrays.read(1)
      expect([...stored.subarray(3, 6), ...stored.subarray(9)]).toEqual([10, 11, 12, 30, 31, 32])
      // Rows of a smaller matrix go to their places.
      const rest = MATRICES.map((matrix, i) =>
        Float32Array.from([0, 2].flatMap((row) => [...matrix.subarray(row * (i + 2), (row + 1) * (i + 2))])),
      )
      const rows = [
        { row: 0, from: 0 },
        { row: 2, from: 1 },
      ]
      await arrays.write(rows, rest)
      // A matrix may have more rows than the array.
      expect([...(await arrays.read(1, 5)).subarray(0, 13)]).toEqual([...(await arrays.read(1)), 0])
      await arrays.finish({ file: 'about.json', content: '{}' }, { file: 'more.txt', content: 'more' })
    })
    expect(readdirSync(inFolder()).sort()).toEqual(['a.npy', 'about.json', 'b.npy', 'more.txt'])
    expect(readFileSync(inFolder('more.txt'), 'utf8')).toBe('more')
    for (const [i, { file, shape }] of PLANS.entries())
      expect(await readNpy(inFolder(file))).toEqual({ shape, data: MATRICES[i] })
  })

  it('keep the rows that stand where others lost a bit or lie in a cut part', async () => {
    await write(0, 1, 3)
    const path = inFolder('a.npy.partial')
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 8 * 3) ^ 4, bytes.length - 8 * 3)
    writeFileSync(path, bytes)
    truncateSync(inFolder('b.npy.partial'), readFileSync(inFolder('b.npy.partial')).length - 1)
    expect(await standing()).toEqual({ done: [1, 0, 0, 0], damaged: 2 })
    await write(1, 2, 3)
    expect(await standing()).toEqual({ done: [1, 1, 1, 1], damaged: 0 })
    expect(await opened((arrays) => Promise.all([arrays.read(0), arrays.read(1)]))).toEqual(MATRICES)
    writeFileSync(path, readFileSync(path).fill('x', 20, 21))
    expect(await standing()).toEqual({ done: [0, 0, 0, 0], damaged: 4 })
  })

  it('finish with what describes them, which comes first; and go on where that was cut short', async () => {
    await opened(async (arrays) => {
      await arrays.write(places(0, 1, 2, 3), MATRICES)
      mkdirSync(inFolder('b.npy'))
      await expect(arrays.finish({ file: 'about.json', content: 'new' })).rejects.toThrow(OutputError)
    })
    expect(readFileSync(inFolder('about.json'), 'utf8')).toBe('new')
    expect([existsSync(inFolder('a.npy')), existsSync(inFolder('b.npy.partial'))]).toEqual([true, true])
    rmSync(inFolder('b.npy'), { recursive: true })
    await opened(async (arrays) => {
      expect([[...arrays.done], arrays.damaged]).toEqual([[1, 1, 1, 1], 0])
      await arrays.finish({ file: 'about.json', content: 'newer' })
    })
    expect(readdirSync(inFolder()).sort()).toEqual(['a.npy', 'about.json', 'b.npy'])
    expect((await readNpy(inFolder('a.npy'))).data).toEqual(MATRICES[0])
  })

  const state = (sums: string) => () => writeFileSync(inFolder('partial.json'), `{"fingerprint":"same","sums":${sums}}`)
  it.each<[string, () => void, string?]>([
    ['other inputs', () => undefined, 'other'],
    ['a file that was cut', () => truncateSync(inFolder('b.npy.partial'), 140)],
    ['a file that is gone', () => rmSync(inFolder('b.npy.partial'))],
    ['a damaged state', state('[null,null,null,"7"]')],
    ['a state of other rows', state('[1,2,3,4,5]')],
    ['a state of none', state('[null,null,null,null]')],
  ])('begin anew after %s', async (_, damage, fingerprint) => {
    await write(3)
    damage()
    expect((await standing(fingerprint)).done).toEqual([0, 0, 0, 0])
  })

  it('take the place of rows of others that stopped there, and of nothing else', async () => {
    const specs = [PLANS[0], { file: 'c.npy', shape: [4, 3], rows: 4, dims: 3 }] as typeof PLANS
    await opened((others) => others.write(places(0), MATRICES), 'others', specs)
    for (const name of ['c.npy', 'mine.partial', 'notes.txt']) writeFileSync(inFolder(name), '')
    await write(0)
    const left = ['a.npy.partial', 'b.npy.partial', 'c.npy', 'mine.partial', 'notes.txt', 'partial.json']
    expect(readdirSync(inFolder()).sort()).toEqual(left)
    expect((await standing()).done).toEqual([1, 0, 0, 0])
  })

  it('are checked piece by piece where they are large', async () => {
    const dims = 2 ** 21
    const specs = [{ file: 'large.npy', shape: [3, dims], rows: 3, dims }]
    const rows = [0, 2].map((row) => ({ row, from: 0 }))
    await opened((arrays) => arrays.write(rows, [new Float32Array(dims).fill(7)]), 'same', specs)
    const found = () => opened(({ done, damaged }) => [...done, damaged], 'same', specs)
    expect(await found()).toEqual([1, 0, 1, 0])
    truncateSync(inFolder('large.npy.partial'), 128 + 3 * 4 * dims - 1)
    expect(await found()).toEqual([1, 0, 0, 1])
  })

  it('have one writer at a time', async () => {
    await opened(async () => {
      await expect(openPartialArrays(inFolder(), 'same', PLANS)).rejects.toThrow(OutputError)
    })
  })
})
