import { ANCHOR_NAMES, type PositionGrid, positionGrid } from '../../src/engine/positions.js'
import { answerMaps } from '../../src/experiments/answers.js'
import { featuresAt, similarityMaps } from '../../src/experiments/similarity.js'
import { sketchOf } from '../../src/experiments/sketch.js'
import { patchAtSize } from '../../src/patches/patch.js'
import { measureLayer } from '../../src/results/measures.js'
import { keepPatchPicture } from '../../src/results/pictures.js'
import { UNIT_FORMAT, type Unit, type UnitInputs } from '../../src/results/unit/schema.js'
import { writeUnit } from '../../src/results/unit/store.js'

/** Patches whose names a page must show as they are. */
export const PATCHES = ['car', '"><script>window.taken=1</script>', 'חתול & </script><!--'] as const

export const STRIDE = 11
const FRAME = 224

/** Numbers from 0 to 1, the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A small study with made-up features, everything else of it computed from them as `reproduce` does: a network and its
 * anti-aliased twin, two layers, patches of 125 and 75 pixels. The twin has no large patch of the last name; units of 125
 * pixels keep their features, of the smaller ones the first patch by name keeps sketches of them.
 */
export async function writeStudy(results: string): Promise<void> {
  for (const [m, model] of ['plain', 'plain-aa'].entries()) {
    for (const size of [125, 75]) {
      for (const [p, patch] of PATCHES.entries()) {
        if (model === 'plain-aa' && size === 125 && p === PATCHES.length - 1) continue
        await writeMadeUnit(results, model, size, patch, 100 * m + 10 * p + size)
      }
    }
  }
}

async function writeMadeUnit(results: string, model: string, size: number, name: string, seed: number): Promise<void> {
  const grid = positionGrid(FRAME, size, STRIDE)
  const patch = patchAtSize(name, plainSquare(size), size, FRAME)
  await keepPatchPicture(results, patch)
  const layers: Unit['layers'] = []
  const answers: (Float32Array | undefined)[] = []
  const sketches: (Float32Array | undefined)[] = []
  const isSketched = size === 75 && name === PATCHES[1]
  const maps: Float32Array[] = []
  const features: Float32Array[] = []
  const anchorFeatures: Float32Array[] = []
  for (const [i, layer] of ['fc6', 'fc8'].entries()) {
    const dims = 12 + 4 * i
    const matrix = featureMatrix(grid.offsets, dims, seed + i)
    const similarity = await similarityMaps({ layer, matrix, dims, ...grid }, 1)
    maps.push(similarity.maps)
    features.push(matrix.slice(0, grid.rows * grid.cols * dims))
    anchorFeatures.push(featuresAt(matrix, dims, grid.anchors))
    const positions = grid.rows * grid.cols
    const sketch = isSketched ? await sketchOf(matrix.slice(0, positions * dims), positions, dims, 1) : undefined
    sketches.push(sketch?.rows)
    const consistency = { horizontal: 0.5, vertical: 0.25 }
    const answered = layer === 'fc8' ? answersAt(matrix, dims, grid) : undefined
    answers.push(answered?.maps)
    const made = {
      ...{ name: layer, dims, similarity: similarity.anchors, separability: {}, baselines: null },
      answers: answered === undefined ? null : { ...answered.stored, right: null, names: CLASS_NAMES },
    }
    const known = { ...made, ...grid, maps: similarity.maps, consistency, foldErrors: null }
    layers.push({ ...made, measures: measureLayer(known), ...(sketch && { sketch: sketch.dims }) })
  }
  const inputs: UnitInputs = {
    format: UNIT_FORMAT,
    model,
    weightsSha256: model,
    layers: layers.map(({ name }) => name),
    patch: name,
    patchSha256: patch.sha256,
    category: null,
    size,
    stride: STRIDE,
    background: '#204060',
    blend: 'hard',
    separability: null,
    keepsFeatures: size === 125,
    ...(isSketched && { sketches: true }),
  }
  const arrays = {
    maps: Float32Array.from(maps.flatMap((map) => [...map])),
    anchorFeatures,
    features,
    answers,
    sketch: sketches,
  }
  await writeUnit(results, { inputs, rows: grid.rows, cols: grid.cols, layers }, arrays)
}

/** The classes of the layer fc8, names that a page must show as they are among them. */
const CLASS_NAMES = Object.fromEntries(
  Array.from({ length: 16 }, (_, i) => [i, i === 3 ? '<b>cat</b> & dog' : `thing ${i}`]),
)

function answersAt(matrix: Float32Array, dims: number, grid: PositionGrid) {
  const strongest = Int32Array.from({ length: grid.rows * grid.cols }, (_, position) => {
    const row = matrix.subarray(position * dims, (position + 1) * dims)
    return row.indexOf(Math.max(...row))
  })
  const at = ANCHOR_NAMES.indexOf('center') * dims
  const center = featuresAt(matrix, dims, grid.anchors).subarray(at, at + dims)
  const { maps, ...stored } = answerMaps(matrix, strongest, center)
  return { maps, stored }
}

/** Features that turn slowly as the object moves. */
function featureMatrix(offsets: Int32Array, dims: number, seed: number): Float32Array {
  const random = randomNumbers(seed)
  const [start, down, right] = [0, 1, 2].map(() => Array.from({ length: dims }, () => random() - 0.5))
  return Float32Array.from({ length: (offsets.length / 2) * dims }, (_, i) => {
    const [position, dim] = [Math.floor(i / dims), i % dims]
    const [row, col] = [offsets[2 * position] as number, offsets[2 * position + 1] as number]
    const at = (direction: readonly number[] | undefined) => direction?.[dim] ?? 0
    return at(start) + (at(down) * row) / 200 + (at(right) * col) / 300
  })
}

/** Orange on the left half, transparent on the right one. */
function plainSquare(size: number) {
  const data = new Uint8Array(size * size * 4)
  for (let i = 0; i < size * size; i++) data.set([255, 128, 0, i % size < size / 2 ? 255 : 0], i * 4)
  return { rows: size, cols: size, data }
}
