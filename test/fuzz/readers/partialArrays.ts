import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { encodeNpy, readNpy } from '../../../src/files/npy.js'
import { openPartialArrays } from '../../../src/files/partialArrays.js'
import { disturb, documentText } from '../documents.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import { type FuzzCase, placeFiles, type Reader } from '../reader.js'

const rows = 9
const dims = 2
const rowBytes = dims * Float32Array.BYTES_PER_ELEMENT
const plan = { file: 'fc6.npy', shape: [3, 3, dims], rows, dims }
const values = Float32Array.from({ length: rows * dims }, (_, i) => i)

/** What a stopped extraction left to go on from. */
export const partialArrays: Reader = {
  name: 'partial-arrays',
  readsBeyondEnds: true,
  open: (folder) => ({
    draw: drawPart,
    read: async (drawn) => {
      placeFiles(folder, drawn)
      const partial = await openPartialArrays(folder, 'inputs', [plan])
      try {
        const before = partial.done.filter((isDone) => isDone === 1).length
        await partial.read(0)
        const all = Array.from({ length: rows }, (_, row) => ({ row, from: row }))
        await partial.write(all, [values])
        await partial.finish({ file: 'extract.json', content: '{}' })
        const { data } = await readNpy(join(folder, plan.file))
        if (!data.every((value, i) => value === values[i])) return ['the finished array is another']
        return before > 0 ? [] : undefined
      } finally {
        await partial.close()
      }
    },
  }),
}

function drawPart(random: Random): FuzzCase {
  const bytes = Buffer.concat(encodeNpy(plan.shape, values))
  const array = random.chance(0.7) ? bytes : mutate(bytes, random, [bytes])
  const sums = Array.from({ length: random.chance(0.9) ? rows : random.below(12) }, (_, row) =>
    random.chance(0.5)
      ? crc32(Buffer.from(values.buffer, Math.min(row, rows) * rowBytes, row < rows ? rowBytes : 0))
      : null,
  )
  const state = disturb({ fingerprint: 'inputs', sums }, random)
  return { kind: 'partial', files: { 'partial.json': documentText(state, random), 'fc6.npy.partial': array } }
}
