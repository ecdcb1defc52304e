/**
 * Measures how much features with reuse (values that images share are computed once) differ from features of images
 * computed in full. Tries all sizes, strides, backgrounds and blends, at all border positions and 500 random ones.
 *
 *   node bench/reuse_distance.mjs [--models a,b] [--weights ID=FILE]… [--positions N] [--sizes 75,125] [--strides 1,3,4] [--one-in N]
 *
 * `--one-in N` takes only every N-th combination and position, for slow networks.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { largestDistance } from '../dist/engine/distance.js'
import { openThreads } from '../dist/engine/handle.js'
import { positionGrid } from '../dist/engine/positions.js'
import { sceneOf } from '../dist/engine/scene.js'
import { chooseNetwork } from '../dist/networks/index.js'
import { readBackground } from '../dist/patches/background.js'
import { builtInPatches } from '../dist/patches/collection.js'
import { readImage } from '../dist/patches/image.js'
import { patchAtSize } from '../dist/patches/patch.js'

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'tiny-alexnet,tiny-alexnet-aa,tiny-alexnet-noflip' },
    weights: { type: 'string', multiple: true, default: [] },
    positions: { type: 'string', default: '500' },
    sizes: { type: 'string', default: '75,125' },
    strides: { type: 'string', default: '1,3,4' },
    'one-in': { type: 'string', default: '1' },
  },
})
const weights = Object.fromEntries(values.weights.map((pair) => pair.split('=')))
const numbers = (text) => text.split(',').map(Number)
const oneIn = Number(values['one-in'])

/** A picture of waves of several lengths with a little noise, about as smooth as a photograph. */
function picture(frame) {
  const image = new Uint8Array(frame * frame * 3)
  for (let at = 0; at < image.length; at++) {
    const [row, col] = [Math.floor(at / 3 / frame), Math.floor(at / 3) % frame]
    const wave = Math.sin(row / 17 + (at % 3)) + Math.sin(col / 11) + Math.sin((row + 2 * col) / 5) / 2
    image[at] = 128 + 40 * wave + ((at * 7919) % 16)
  }
  return image
}

function chosenPositions(grid, count) {
  const chosen = new Set()
  const { rows, cols } = grid
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++)
      if ((i === 0 || j === 0 || i === rows - 1 || j === cols - 1) && (i + j) % oneIn === 0) chosen.add(i * cols + j)
  let state = 12345
  for (let drawn = 0; drawn < count / oneIn; drawn++) {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    chosen.add(Math.floor((state / 2 ** 32) * rows * cols))
  }
  return Int32Array.from([...chosen].flatMap((at) => [...grid.offsets.subarray(2 * at, 2 * at + 2)]))
}

const [source] = await builtInPatches()
const object = await readImage(source.path)
const settings = { workers: availableParallelism(), threads: 1, batch: 8 }
let combination = 0
for (const model of values.models.split(',')) {
  const network = await chooseNetwork({ model, ...(weights[model] && { weights: weights[model] }) })
  const frame = network.input.rows
  const backgrounds = [
    ['white', { rgb: [255, 255, 255] }],
    ['coloured', { rgb: [48, 96, 160] }],
    ['noise', (await readBackground('noise:3', frame)).background],
    ['picture', { image: picture(frame) }],
  ]
  const plain = openThreads(network, settings)
  const reusing = openThreads(network, settings, { reusing: settings, onNote: console.log })
  for (const size of numbers(values.sizes)) {
    const patch = patchAtSize(source.name, object, size, frame)
    for (const stride of numbers(values.strides)) {
      const grid = positionGrid(frame, size, stride)
      const offsets = chosenPositions(grid, Number(values.positions))
      const found = []
      for (const [name, background] of backgrounds) {
        for (const blend of ['hard', 'soft']) {
          if (combination++ % oneIn !== 0) continue
          const scene = sceneOf(patch, background, blend)
          const expected = await plain.extract(scene, offsets)
          const reused = await reusing.extract(scene, offsets, { whole: grid.offsets })
          const distances = reused.layers.map(({ matrix, dims }, i) =>
            largestDistance(matrix, expected.layers[i].matrix, dims),
          )
          expected.release()
          reused.release()
          const record = reusing.ran().reuse.find((one) => one.size === size)
          found.push(`${name} ${blend} ${Math.max(...distances).toExponential(1)}${record?.cut ? '' : ' (plain)'}`)
        }
      }
      console.log(`${model} ${size} px, stride ${stride}, ${offsets.length / 2} positions: ${found.join('; ')}`)
    }
  }
  await plain.close()
  await reusing.close()
}
