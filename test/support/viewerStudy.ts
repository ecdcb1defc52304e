import { positionGrid } from '../../src/engine/scene/positions.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { extractedGrid } from '../../src/experiments/maps/cosines.js'
import { sketchOf } from '../../src/experiments/maps/sketch.js'
import type { ClassScores } from '../../src/network.js'
import { madePatch, patchAtSize } from '../../src/patches/patch.js'
import { writeReport } from '../../src/report/report.js'
import { keepPatchPicture } from '../../src/results/store/pictures.js'
import { writeUnit } from '../../src/results/store/units.js'
import { assembleUnit, type LayerParts, NOT_CLASSIFIED } from '../../src/results/unit/assemble.js'
import { UNIT_FORMAT, type UnitInputs } from '../../src/results/unit/schema.js'
import { randomNumbers } from '../../src/support/randomNumbers.js'

/** Patches whose names a page must show unchanged. */
export const PATCHES = ['car', '"><script>window.taken=1</script>', 'חתול & </script><!--'] as const
const FRAME = 224
export const STRIDE = 11

const LOGITS: ClassScores = { meaning: 'logits', source: 'test' }

/** Names of the classes by index. A page must show them unchanged. */
const CLASS_NAMES = Object.fromEntries(['<b>cat</b> & dog', ...'abcdefghijklmno'].map((name, i) => [i, name]))

/**
 * Writes a small study with made-up features. Everything else is computed from them as `reproduce` does. It has a
 * network and its anti-aliased version, two layers, and patches of 125 and 75 pixels. The anti-aliased network lacks
 * the large patch with the last name. Units of 125 pixels keep their features; of the smaller ones, the first patch by
 * name keeps sketches.
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

/** Writes the study and its report, which compares the two networks as a pair. */
export async function writeReportedStudy(results: string): Promise<void> {
  await writeStudy(results)
  await writeReport(results, { pairs: [{ plain: 'plain', variant: 'plain-aa' }] })
}

/**
 * @param size larger than the frame for a whole photograph, whose pixels are their row, their column and 128
 * @param scale factor of the features; the larger it is, the more confident are the answers
 */
export async function writeMadeUnit(
  results: string,
  model: string,
  size: number,
  name: string,
  seed: number,
  stride = STRIDE,
  scale = 1,
): Promise<void> {
  const grid = positionGrid(FRAME, size, stride)
  const positions = grid.rows * grid.cols
  const patch =
    size > FRAME ? madePatch(name, size, placesOf(size).data) : patchAtSize(name, halfSquare(size), size, FRAME)
  await keepPatchPicture(results, patch)
  const isSketched = size === 75 && name === PATCHES[1]
  const parts: LayerParts[] = []
  const features: Float32Array[] = []
  for (const [i, layer] of ['fc6', 'fc8'].entries()) {
    const dims = 12 + 4 * i
    const matrix = featureMatrix(grid.offsets, dims, seed + i).map((value) => scale * value)
    const ofGrid = matrix.slice(0, positions * dims)
    features.push(ofGrid)
    const onGrid = extractedGrid(grid, { name: layer, matrix, dims }, layer)
    const measures = await measureFeatures(onGrid, layer === 'fc8' ? LOGITS : undefined)
    const sketch = isSketched ? await sketchOf(ofGrid, positions, dims, 1) : undefined
    parts.push({ name: layer, dims, ...NOT_CLASSIFIED, ...measures, sketch })
  }
  const inputs: UnitInputs = {
    ...{ format: UNIT_FORMAT, model, weightsSha256: model, layers: parts.map((part) => part.name), size },
    ...{ patch: name, patchSha256: patch.sha256, category: null, stride, background: '#204060', blend: 'hard' },
    ...{ separability: null, keepsFeatures: size !== 75, ...(isSketched && { sketches: true }) },
  }
  const { unit, arrays } = assembleUnit(inputs, { ...grid, frame: FRAME }, parts, CLASS_NAMES)
  await writeUnit(results, unit, { ...arrays, features })
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
function halfSquare(size: number) {
  const data = new Uint8Array(size * size * 4)
  for (let i = 0; i < size * size; i++) data.set([255, 128, 0, i % size < size / 2 ? 255 : 0], i * 4)
  return { rows: size, cols: size, data }
}

/** A picture of three channels: each pixel is its row, its column and 128. */
export function placesOf(size: number) {
  const data = Uint8Array.from({ length: size * size * 4 }, (_, i) => {
    const pixel = Math.floor(i / 4)
    return [Math.floor(pixel / size), pixel % size, 128, 255][i % 4] as number
  })
  return { rows: size, cols: size, data }
}
