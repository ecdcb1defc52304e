import { ANCHOR_NAMES, type AnchorName } from '../../engine/scene/positions.js'
import { ANSWER_MAPS } from '../../experiments/answers/answers.js'
import { headOf } from '../../experiments/answers/heads.js'
import type { FeatureMeasures } from '../../experiments/featureMeasures.js'
import type { EquivarianceError } from '../../experiments/maps/equivariance.js'
import type { GridShape } from '../../experiments/maps/grid.js'
import type { Sketch } from '../../experiments/maps/sketch.js'
import type { AxisReadout } from '../../experiments/readout/readout.js'
import { isRightAnswer } from '../../networks/classes/words.js'
import type { UnitArrays } from './arrays.js'
import type { Unit, UnitInputs } from './schema.js'

type StoredLayer = Unit['layers'][number]

export interface LayerParts
  extends FeatureMeasures,
    Pick<StoredLayer, 'name' | 'dims' | 'separability' | 'baselines'>,
    Pick<StoredLayer, 'isMap'>,
    Partial<Record<'foldErrors', StoredLayer['foldErrors'] | undefined>> {
  readonly equivariance?: readonly EquivarianceError[] | undefined
  readonly readout?: readonly AxisReadout[] | undefined
  /**
   * Short vectors that replace the features where only cosines are needed. Undefined if the study keeps none, or if the
   * layer is too large.
   */
  readonly sketch?: Sketch | undefined
}

export const NOT_CLASSIFIED = { separability: {}, baselines: null }

/**
 * @param parts one entry per layer, at least one
 * @param frame side of the square input image in pixels
 * @param classNames names of the network's classes by index. For a class without a name, the index is used.
 */
export function assembleUnit(
  inputs: UnitInputs,
  { rows, cols, frame }: GridShape & { readonly frame: number },
  parts: readonly LayerParts[],
  classNames?: Readonly<Record<number, string>>,
): { readonly unit: Omit<Unit, 'arrays'>; readonly arrays: UnitArrays } {
  const maps = new Float32Array(parts.length * ANCHOR_NAMES.length * rows * cols)
  for (const [i, { similarity }] of parts.entries()) maps.set(similarity.maps, i * similarity.maps.length)
  const layers = parts.map(
    ({
      name,
      dims,
      isMap,
      consistency,
      separability,
      baselines,
      foldErrors,
      equivariance,
      readout,
      answers,
      sketch,
    }) => {
      return {
        name,
        dims,
        ...(isMap && { isMap }),
        consistency,
        separability,
        baselines,
        ...(foldErrors && { foldErrors }),
        ...(equivariance && { equivariance: [...equivariance] }),
        ...(readout && { readout: readout.map((one) => ({ ...one, predictions: [...one.predictions] })) }),
        answers: answers === undefined ? null : namedAnswers(answers, classNames, inputs),
        ...(sketch && { sketch: sketch.dims }),
      }
    },
  )
  return {
    unit: { inputs, frame, rows, cols, anchors: anchorsOf(parts[0]!), layers },
    arrays: {
      maps,
      anchorFeatures: parts.map(({ anchorFeatures }) => anchorFeatures),
      answers: parts.map(({ answers }) => answers?.maps),
      sightings: parts.map(({ answers }) => answers?.seen?.sightings),
      sketch: parts.map(({ sketch }) => sketch?.rows),
    },
  }
}

function anchorsOf({ similarity: { anchors } }: LayerParts): Unit['anchors'] {
  return byAnchor((name) => {
    const { row, col } = anchors[name]
    return { row, col }
  })
}

function byAnchor<T>(of: (name: AnchorName, index: number) => T): Record<AnchorName, T> {
  return Object.fromEntries(ANCHOR_NAMES.map((name, i) => [name, of(name, i)])) as Record<AnchorName, T>
}

function namedAnswers(
  { maps, center, kept, least, atAnchors, seen }: NonNullable<LayerParts['answers']>,
  known: Readonly<Record<number, string>> = {},
  { category, head }: Pick<UnitInputs, 'category' | 'head'>,
): NonNullable<StoredLayer['answers']> {
  const atPositions = maps.subarray(0, maps.length / ANSWER_MAPS)
  const found = new Set([center.class, ...atPositions, ...atAnchors.map((answer) => answer.class)])
  const names = [...found].map((index) => [index, known[index] ?? String(index)])
  const atCenter = atAnchors[ANCHOR_NAMES.indexOf('center')]!.class
  const right = isRightAnswer(category, known[atCenter] ?? '', Object.values(known))
  const numbers = seen && headOf(head?.kind).reader?.measured(atPositions, seen)
  const anchors = byAnchor((_, i) => ({ ...atAnchors[i]! }))
  return { center, anchors, right, kept, least, names: Object.fromEntries(names), ...(numbers && { seen: numbers }) }
}
