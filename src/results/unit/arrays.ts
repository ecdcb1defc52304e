import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import { ANSWER_MAPS } from '../../experiments/answers/answers.js'
import { headOf } from '../../experiments/answers/heads.js'
import type { GridShape } from '../../experiments/maps/grid.js'
import { fileName } from '../../files/fileName.js'
import type { Unit } from './schema.js'

type Shape = readonly number[]
type DescribedUnit = Omit<Unit, 'arrays'>

interface LayerArray {
  /** Start of the file's name, which is `<prefix>-<layer>.npy`. */
  readonly prefix: string | ((unit: DescribedUnit) => string)
  readonly shape: (unit: DescribedUnit, layer: Unit['layers'][number]) => Shape | undefined
}

/** Arrays that a layer may have. `OpenUnit` describes their contents. */
const LAYER_ARRAYS = {
  anchorFeatures: { prefix: 'anchors', shape: (_, { dims }) => [ANCHOR_NAMES.length, dims] },
  answers: {
    prefix: 'answers',
    shape: ({ rows, cols }, { answers }) => (answers === null ? undefined : [ANSWER_MAPS, rows, cols]),
  },
  sightings: {
    prefix: ({ inputs }) => headOf(inputs.head?.kind).reader?.file ?? '',
    shape: ({ inputs, rows, cols }, { answers }) =>
      answers?.seen && [rows * cols + ANCHOR_NAMES.length, headOf(inputs.head?.kind).reader?.values ?? 0],
  },
  sketch: {
    prefix: 'sketch',
    shape: ({ rows, cols }, { sketch }) => (sketch === undefined ? undefined : [rows, cols, sketch]),
  },
  features: {
    prefix: 'features',
    shape: ({ inputs, rows, cols }, { dims }) => (inputs.keepsFeatures ? [rows, cols, dims] : undefined),
  },
} satisfies Record<string, LayerArray>
type LayerArrayKind = keyof typeof LAYER_ARRAYS

/** An array in the folder of a unit. `layer` is an index, or null for an array of all layers. */
export type UnitArray = { readonly file: string; readonly shape: Shape } & (
  | { readonly kind: 'maps'; readonly layer: null }
  | { readonly kind: LayerArrayKind; readonly layer: number }
)

/** All arrays of a unit, in the order in which unit.json lists their hashes. */
export function unitArrays(unit: DescribedUnit): readonly UnitArray[] {
  const { layers, rows, cols } = unit
  const perLayer = layers.flatMap((described, layer) =>
    Object.entries(LAYER_ARRAYS).flatMap(([kind, { prefix, shape: shapeOf }]) => {
      const start = typeof prefix === 'string' ? prefix : prefix(unit)
      const [file, shape] = [`${start}-${fileName(described.name)}.npy`, shapeOf(unit, described)]
      return shape === undefined ? [] : [{ kind: kind as LayerArrayKind, layer, file, shape }]
    }),
  )
  const shape = [layers.length, ANCHOR_NAMES.length, rows, cols]
  return [{ kind: 'maps', layer: null, file: 'similarity.npy', shape }, ...perLayer]
}

/** One similarity map, [rows, cols], of `maps`, [layers, 5, rows, cols]. */
export function mapAt<T extends Float32Array | Float64Array>(
  maps: T,
  { rows, cols }: GridShape,
  layer: number,
  anchor: number,
): T {
  const start = (layer * ANCHOR_NAMES.length + anchor) * rows * cols
  return maps.subarray(start, start + rows * cols) as T
}

/** Contents of a unit's arrays. Except for `maps`, each property is a list with one array per layer. */
export interface UnitArrays extends Readonly<Partial<Record<LayerArrayKind, readonly (Float32Array | undefined)[]>>> {
  readonly maps: Float32Array
  readonly anchorFeatures: readonly Float32Array[]
}
