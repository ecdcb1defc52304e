import { ANCHOR_NAMES } from '../../engine/positions.js'
import { ANSWER_MAPS, type AnswerMaps, answersAtAnchors } from '../../experiments/answers.js'
import type { FeatureMeasures } from '../../experiments/featureMeasures.js'
import type { GridShape } from '../../experiments/grid.js'
import type { Sketch } from '../../experiments/sketch.js'
import { isRightAnswer } from '../../networks/index.js'
import { type MeasuredLayer, measureLayer } from '../measures.js'
import type { UnitArrays } from './arrays.js'
import type { Unit, UnitInputs } from './schema.js'

export interface LayerParts
  extends FeatureMeasures,
    Pick<MeasuredLayer, 'name' | 'dims' | 'separability' | 'baselines' | 'foldErrors' | 'equivariance' | 'readout'> {
  /**
   * Short vectors that replace the features where only cosines are needed. Undefined if the study keeps none, or if the
   * layer is too large.
   */
  readonly sketch?: Sketch | undefined
}

export const NOT_CLASSIFIED = { separability: {}, baselines: null }

/** @param classNames names of the network's classes by index. For a class without a name, the index is used. */
export function assembleUnit(
  inputs: UnitInputs,
  { rows, cols }: GridShape,
  parts: readonly LayerParts[],
  classNames?: Readonly<Record<number, string>>,
): { readonly unit: Omit<Unit, 'arrays'>; readonly arrays: UnitArrays } {
  const maps = new Float32Array(parts.length * ANCHOR_NAMES.length * rows * cols)
  for (const [i, { similarity }] of parts.entries()) maps.set(similarity.maps, i * similarity.maps.length)
  const layers = parts.map(({ name, dims, similarity, answers, sketch, separability, baselines, ...others }) => {
    const { anchorFeatures, consistency, foldErrors, equivariance, readout } = others
    const layer = {
      ...{ name, dims, similarity: similarity.anchors, separability, baselines },
      answers:
        answers === undefined
          ? null
          : namedAnswers(answers, answersAtAnchors(anchorFeatures, dims), classNames, inputs.category),
    }
    const onGrid = { rows, cols, stride: inputs.stride, maps: similarity.maps }
    const measures = measureLayer({ ...layer, ...onGrid, consistency, foldErrors, equivariance, readout })
    return { ...layer, measures, ...(sketch && { sketch: sketch.dims }) }
  })
  return {
    unit: { inputs, rows, cols, layers },
    arrays: {
      maps,
      anchorFeatures: parts.map(({ anchorFeatures }) => anchorFeatures),
      answers: parts.map(({ answers }) => answers?.maps),
      sketch: parts.map(({ sketch }) => sketch?.rows),
    },
  }
}

/** @param category class of the object; null if unknown */
function namedAnswers(
  answers: AnswerMaps,
  atAnchors: AnswerMaps,
  known: Readonly<Record<number, string>> = {},
  category: string | null,
): NonNullable<Unit['layers'][number]['answers']> {
  const { center, kept, least } = answers
  const classesOf = ({ maps }: AnswerMaps) => maps.subarray(0, maps.length / ANSWER_MAPS)
  const found = new Set([center.class, ...classesOf(answers), ...classesOf(atAnchors)])
  const names = [...found].sort((a, b) => a - b).map((index) => [index, known[index] ?? String(index)])
  const right = isRightAnswer(category, known[center.class] ?? '', Object.values(known))
  return { center, right, kept, least, names: Object.fromEntries(names) }
}
