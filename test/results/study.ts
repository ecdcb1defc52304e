import { ANCHOR_NAMES, anchorPositions } from '../../src/engine/positions.js'
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

/** A unit of 2×2 positions made up by formula; `level` moves all its similarities. */
export function madeUnit(
  changes: Partial<UnitInputs> = {},
  level = 0.9,
): { unit: Omit<Unit, 'arrays'>; maps: Float32Array } {
  const own = { ...inputs, ...changes }
  const [rows, cols] = [2, 2]
  const positions = anchorPositions((rows - 1) * own.stride + 1)
  const layers = own.layers.map((name, layer) => {
    const entries = ANCHOR_NAMES.map((anchor, i) => {
      const { row = 0, col = 0 } = positions[i] ?? {}
      return [anchor, { row, col, mean: level - layer / 10 - i / 1000, min: level - 0.5 }] as const
    })
    return {
      name,
      dims: 8,
      similarity: Object.fromEntries(entries) as Unit['layers'][number]['similarity'],
      consistency: { horizontal: level - layer / 10, vertical: level / 2 },
      separability: {},
      baselines: null,
      foldErrors: null,
      answers: null,
    }
  })
  const length = layers.length * ANCHOR_NAMES.length * rows * cols
  const maps = Float32Array.from({ length }, (_, i) => level + i / 1000)
  return { unit: { inputs: own, rows, cols, layers }, maps }
}

/** The arrays of a made unit; `angle` turns its anchors' features, in radians. */
export function arraysOf({ layers }: Pick<Unit, 'layers'>, maps: Float32Array, angle = 0): UnitArrays {
  const anchorFeatures = layers.map(({ dims }) =>
    Float32Array.from({ length: ANCHOR_NAMES.length * dims }, (_, i) =>
      i % dims === 0 ? Math.cos(angle) : i % dims === 1 ? Math.sin(angle) : 0,
    ),
  )
  return { maps, anchorFeatures }
}
