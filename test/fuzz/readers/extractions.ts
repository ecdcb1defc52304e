import { join } from 'node:path'
import { similarity } from '../../../src/features/similarity.js'
import { encodeNpy } from '../../../src/files/npy.js'
import { sha256 } from '../../../src/files/sha256.js'
import { disturb, documentText } from '../documents.js'
import { placeFiles, type Reader } from '../reader.js'

/** The extract.json beside features. */
export const extractions: Reader = {
  name: 'extractions',
  open: (folder) => {
    const file = join(folder, 'fc6.npy')
    const features = Buffer.concat(
      encodeNpy(
        [3, 3, 4],
        Float32Array.from({ length: 36 }, (_, i) => 1 + (i % 7)),
      ),
    )
    const digest = sha256(features)
    return {
      draw: (random) => {
        const stride = 1 + random.below(4)
        const document = {
          shiftscope: '0.1.0',
          model: 'net',
          frame: 10,
          size: 11 - 3 * stride,
          stride,
          rows: 3,
          cols: 3,
          ...(random.chance(0.5) && { layers: [{ name: 'fc6', dims: 4, file: 'fc6.npy', sha256: digest }] }),
        }
        return { kind: 'extract.json', files: { 'extract.json': documentText(disturb(document, random), random) } }
      },
      read: async (drawn) => {
        placeFiles(folder, { ...drawn, files: { ...drawn.files, 'fc6.npy': features } })
        const { anchors, maps } = await similarity(file, { threads: 1, device: 'cpu' })
        const places = Object.values(anchors)
        const isWithin = places.every(({ row, col }) => row >= 0 && row < 3 && col >= 0 && col < 3)
        if (!isWithin || !maps.every(Number.isFinite)) return [`anchors ${JSON.stringify(places)}`]
        return places[0]?.pixel === undefined ? undefined : []
      },
    }
  },
}
