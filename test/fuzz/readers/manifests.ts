import { join } from 'node:path'
import { patchesFrom } from '../../../src/patches/collection.js'
import { ownPictures } from '../../../src/patches/ownPatches.js'
import { disturb, documentText, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { emptyFolder, placeFiles, type Reader } from '../reader.js'

/** Manifests of patches, and folders of pictures by the names of these. */
export const manifests: Reader = {
  name: 'manifests',
  open: (folder) => {
    const pictures = join(folder, 'pictures')
    return {
      draw: (random) =>
        random.chance(0.8)
          ? {
              kind: 'manifest',
              files: { 'manifest.json': documentText(disturb(drawManifest(random), random), random) },
            }
          : { kind: 'folder', files: Object.fromEntries(drawNames(random).map((name) => [name, ''])) },
      read: async (drawn) => {
        if (drawn.kind === 'manifest') {
          placeFiles(folder, drawn)
          const patches = await patchesFrom(join(folder, 'manifest.json'))
          const paths = patches.flatMap(({ path, sizes }) => [path, ...Object.values(sizes ?? {})])
          return paths.filter((path) => !path.startsWith(`${folder}/`) && path !== folder)
        }
        emptyFolder(pictures)
        placeFiles(pictures, drawn)
        await patchesFrom(pictures)
        await ownPictures(pictures)
        return []
      },
    }
  },
}

function drawManifest(random: Random): unknown {
  const patches = Array.from({ length: 1 + random.below(3) }, (_, i) => ({
    name: `patch-${i}`,
    file: `native/${i}.png`,
    ...(random.chance(0.5) && { category: 'dog' }),
    ...(random.chance(0.5) && { sizes: { 75: `75/${i}.png`, 125: `125/${i}.png` } }),
    ...(random.chance(0.5) && { alpha: 'hard' }),
  }))
  return { shiftscope: '0.1.0', kind: 'images', patches, failed: [] }
}

/** Names that a file of a folder can have. */
function drawNames(random: Random): readonly string[] {
  const stem = () => (random.chance(0.5) ? random.pick(['dog', 'cat', 'dog.mask', 'a.b', '.hidden']) : oddText(random))
  const extension = () => random.pick(['.png', '.PNG', '.jpg', '.svg', '.mask.png', '.txt', ''])
  const made = Array.from({ length: 1 + random.below(4) }, () => stem() + extension())
  const isName = (name: string) =>
    !/[/\0\p{Cs}]/u.test(name) && !['', '.', '..'].includes(name) && Buffer.byteLength(name) < 256
  return [...new Set(made.filter(isName))]
}
