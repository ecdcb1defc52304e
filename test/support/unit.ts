import { ANCHOR_NAMES, type AnchorName, anchorPositions } from '../../src/engine/scene/positions.js'
import { type LayerNumbers, variantText } from '../../src/results/measures/variant.js'
import { writeUnit } from '../../src/results/store/units.js'
import type { UnitArrays } from '../../src/results/unit/arrays.js'
import { UNIT_FORMAT, type Unit, type UnitInputs } from '../../src/results/unit/schema.js'

export const inputs: UnitInputs = {
  format: UNIT_FORMAT,
  model: 'alexnet',
  weightsSha256: '0123',
  layers: ['fc6', 'fc8'],
  patch: 'car',
  patchSha256: '4567',
  category: null,
  size: 125,
  stride: 50,
  background: 'white',
  blend: 'hard',
  separability: null,
  keepsFeatures: false,
}

/**
 * A unit of 2×2 positions with values by formula. `level` shifts all its similarities; `known` holds further parts of
 * its layers.
 */
export function madeUnit(
  changes: Partial<UnitInputs> = {},
  level = 0.9,
  known: Partial<Unit['layers'][number]> = {},
): { unit: Omit<Unit, 'arrays'>; maps: Float32Array } {
  const own = { ...inputs, ...changes }
  const [rows, cols] = [2, 2]
  const anchors = Object.fromEntries(
    anchorPositions({ first: 0, count: (rows - 1) * own.stride + 1 }).map(({ name, row, col }) => [name, { row, col }]),
  ) as Unit['anchors']
  const length = ANCHOR_NAMES.length * rows * cols
  const maps = Float32Array.from({ length: own.layers.length * length }, (_, i) => level + i / 1000)
  const layers = own.layers.map((name, i) => ({
    name,
    dims: 8,
    consistency: { horizontal: level - i / 10, vertical: level / 2 },
    separability: {},
    baselines: null,
    answers: null,
    ...known,
  }))
  // The grid ends at the last position, as if the frame were so small.
  const frame = own.size + (rows - 1) * own.stride
  return { unit: { inputs: own, frame, rows, cols, anchors, layers }, maps }
}

/** The same answer at every anchor. */
export function atAnchors(answer: { readonly class: number; readonly probability: number }) {
  const same = { ...answer, ofCenter: answer.probability }
  return Object.fromEntries(ANCHOR_NAMES.map((name) => [name, same])) as Record<AnchorName, typeof same>
}

/** The values of measures, by the text of their variant. */
export function byText(numbers: LayerNumbers | undefined): Readonly<Record<string, Record<string, number>>> {
  const entries = Object.entries(numbers ?? {}).map(([metric, values]) => [
    metric,
    Object.fromEntries(values.map(([variant, value]) => [variantText(variant), value])),
  ])
  return Object.fromEntries(entries)
}

/** The arrays of a made-up unit. `angle` rotates the features at its anchors, in radians. */
export function arraysOf({ layers }: Pick<Unit, 'layers'>, maps: Float32Array, angle = 0): UnitArrays {
  const anchorFeatures = layers.map(({ dims }) =>
    Float32Array.from({ length: ANCHOR_NAMES.length * dims }, (_, i) =>
      i % dims === 0 ? Math.cos(angle) : i % dims === 1 ? Math.sin(angle) : 0,
    ),
  )
  return { maps, anchorFeatures }
}

/** Writes a made-up unit into a results folder. */
export async function storeUnit(results: string, changes: Partial<UnitInputs> = {}, level = 0.9): Promise<Unit> {
  const { unit, maps } = madeUnit(changes, level)
  return writeUnit(results, unit, arraysOf(unit, maps))
}
