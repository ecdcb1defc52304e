import { join } from 'node:path'
import { encodeNpy, readNpy } from '../../../src/files/npy.js'
import { oddInteger } from '../documents.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import { placeFiles, type Reader } from '../reader.js'

/** .npy files. */
export const arrays: Reader = {
  name: 'npy',
  open: (folder) => {
    const path = join(folder, 'case.npy')
    return {
      draw: (random) => ({ kind: 'npy', files: { 'case.npy': drawArray(random) } }),
      read: async (drawn) => {
        placeFiles(folder, drawn)
        const { shape, data } = await readNpy(path)
        const count = shape.reduce((product, extent) => product * extent, 1)
        return data.length === count ? [] : [`shape ${shape.join()} has ${data.length} values`]
      },
    }
  },
}

export function drawArray(random: Random): Buffer {
  const shape = random.several(4, () => random.below(4))
  const values = Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => i / 2)
  const intact = random.chance(0.3) ? Buffer.concat(encodeNpy(shape, values)) : drawParts(random, shape, values)
  return random.chance(0.5) ? mutate(intact, random, [intact]) : intact
}

/** Header and data as other programs write them, or nearly so. */
function drawParts(random: Random, shape: readonly number[], values: Float32Array): Buffer {
  const extents = shape.map((extent) => (random.chance(0.95) ? String(extent) : drawExtent(random)))
  const tuple = random.chance(0.9)
    ? `(${extents.join(', ')}${extents.length === 1 ? ',' : ''})`
    : `(${extents.join(',')},`
  const type = random.chance(0.8)
    ? random.pick(['<f4', '<f8'])
    : random.pick(['>f4', '|O', '<i8', '<f2', "[('a', '<f4')]"])
  const order = random.chance(0.9) ? 'False' : random.pick(['True', 'None', ''])
  const entries = [`'descr': '${type}'`, `'fortran_order': ${order}`, `'shape': ${tuple}`]
  if (random.chance(0.05)) entries.splice(random.below(3), 1)
  if (random.chance(0.1)) entries.reverse()
  const text = Buffer.from(`{${entries.join(', ')}, }${' '.repeat(random.below(64))}\n`, 'latin1')
  const version = random.chance(0.9) ? random.pick([1, 2, 3]) : random.below(256)
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  length.writeUIntLE(random.chance(0.95) ? text.length : random.below(256 ** 2), 0, length.length)
  const data = type === '<f8' ? Buffer.from(Float64Array.from(values).buffer) : Buffer.from(values.buffer)
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0]), length, text, data])
}

function drawExtent(random: Random): string {
  return random.chance(0.5) ? String(oddInteger(random)) : random.pick(['', ' ', '1 2', '9'.repeat(30), '0x10', '1L'])
}
