import type { ScoreMeaning } from '../../network.js'
import type { TypedTensor } from '../../onnx/format/onnxFile.js'
import { printable } from '../../support/text.js'
import { checkOwnNames, classNamesOf, type NamedClasses } from '../classes/names.js'
import type { NetworkFile } from '../file/networkFile.js'
import { scoresBefore } from './scoresBefore.js'

/** Outputs that hold the scores of classes over boxes. */
export interface DetectorForm {
  /** Name of the output with the boxes. The first four of its columns are a box. */
  readonly boxes: string
  /** Name of the output with the scores: the same one if its columns begin with a box. */
  readonly scores: string
  /** The axis along which boxes follow one another: 1 in [N, A, K], 2 in [N, K, A]. The other axis has the columns. */
  readonly boxAxis: 1 | 2
  /** Columns of `scores` that stand for classes: without a background and without "no object". */
  readonly columns: readonly number[]
  /** Names of the classes, one per column in `columns`. */
  readonly classes: NamedClasses
  /** The column with the score that the box has an object, by which all scores are multiplied. */
  readonly objectness?: number
  /** The operator that turns `scores` into numbers from 0 to 1. */
  readonly activation: 'Identity' | 'Softmax' | 'Sigmoid' | 'unknown'
  /** What was recognised, for people. */
  readonly text: string
}

type DetectorFile = Pick<NetworkFile, 'onnx' | 'names' | 'reference'>

/**
 * Recognises outputs of classes over boxes by the shapes that the file states, by names and by the graph:
 * - boxes [N, A, 4] and scores [N, A, K], as SSD has them, and DETR, whose outputs are named pred_boxes and logits;
 * - one output with both, [N, 4 + C, A] (YOLOv8 and later), [N, A, 4 + C], or [N, A, 5 + C] with objectness (YOLOv5).
 */
export function detectorForm(file: DetectorFile): DetectorForm | undefined {
  const kind = file.reference.outputKind?.split('=').at(-1)
  const form = kind === undefined || kind === 'boxes' ? formAmong(file) : undefined
  if (form) checkOwnNames(file.onnx, file.names, form.classes.names.length, () => form.classes.isOwn === true)
  return form
}

function formAmong(file: DetectorFile): DetectorForm | undefined {
  const outputs = file.onnx.outputs.filter(({ type, shape }) => shape.length === 3 && type.startsWith('float'))
  const boxes = outputs.filter(({ shape }) => shape[2] === 4)
  const box = boxes.find(({ name }) => /box/i.test(name)) ?? boxes[0]
  const scores = box && outputs.find((output) => output !== box && isLike(output.shape[1], box.shape[1]))
  const count = scores?.shape[2]
  if (scores && typeof count === 'number') return pairForm(file, { boxes: box, scores, count })
  return outputs[0] && joinedForm(file, outputs[0])
}

/** Whether two axes may have the same length. Text stands for an open length. */
function isLike(one: number | string | undefined, other: number | string | undefined): boolean {
  return one === other || typeof one === 'string' || typeof other === 'string'
}

const NO_CLASS = /^[_ ]*(background|no[_ -]?object)[_ ]*$/i

function pairForm(
  file: DetectorFile,
  { boxes, scores, count }: { readonly boxes: TypedTensor; readonly scores: TypedTensor; readonly count: number },
): DetectorForm {
  const isDetr = /logits/i.test(scores.name) && /box/i.test(boxes.name)
  const meaning = scoresBefore(file.onnx.graph, scores.name)
  // One column may stand for no class: the last one of DETR, "no object", or the first one of others, the background.
  const hasSpare = isDetr || meaning === 'probabilities' || meaning === 'log-probabilities'
  const likely = hasSpare ? [count - 1, count] : [count, count - 1]
  const found = classNamesOf(file.names, likely, 'COCO')
  const { names } = found
  const spare = names.length < count ? ['background'] : []
  const byColumn = isDetr ? [...names, ...spare] : [...spare, ...names]
  const columns = [...byColumn.keys()].filter((column) => !NO_CLASS.test(byColumn[column]!))
  const usual = isDetr ? (columns.includes(count - 1) ? 'sigmoid' : 'logits') : undefined
  return {
    boxes: boxes.name,
    scores: scores.name,
    boxAxis: 1,
    columns,
    classes: { ...found, names: columns.map((column) => byColumn[column]!) },
    activation: activationOf(meaning, file.reference.scores ?? usual),
    text: `boxes ${shown(boxes)} and scores ${shown(scores)}`,
  }
}

/** @param stated what the scores are, if the graph has no activation before them */
function activationOf(meaning: ScoreMeaning, stated: ScoreMeaning | undefined): DetectorForm['activation'] {
  if (meaning === 'log-probabilities') return 'Softmax'
  if (meaning !== 'logits' || stated === 'probabilities') return 'Identity'
  if (stated === undefined) return 'unknown'
  return stated === 'sigmoid' ? 'Sigmoid' : 'Softmax'
}

/** How many values of a box come before its classes, and the axis along which boxes follow one another. */
const LAYOUTS = [
  { boxAxis: 2, before: 4 },
  { boxAxis: 1, before: 5 },
  { boxAxis: 1, before: 4 },
] as const

/** COCO's number of classes is so common in networks of this form that it tells them from others. */
const USUAL_COUNT = 80

function joinedForm(file: DetectorFile, output: TypedTensor): DetectorForm | undefined {
  const { reference, names } = file
  const { name, shape } = output
  const layouts = LAYOUTS.flatMap(({ boxAxis, before }) => {
    const count = Number(shape[3 - boxAxis]) - before
    return count > 0 ? [{ boxAxis, before, count }] : []
  })
  const isNamed = ({ count }: { readonly count: number }) => names.some((list) => list.names.length === count)
  const named = layouts.find(isNamed)
  // There are more boxes than columns, unless names say otherwise.
  const usual = layouts.find(({ boxAxis }) => !(Number(shape[boxAxis]) < Number(shape[3 - boxAxis])))
  const layout = named ?? usual
  const isStated = reference.outputKind !== undefined || reference.boxes !== undefined
  const isSure = isStated || named || layout?.count === USUAL_COUNT
  if (layout === undefined || !isSure) return undefined
  const { boxAxis, before, count } = layout
  return {
    boxes: name,
    scores: name,
    boxAxis,
    columns: Array.from({ length: count }, (_, i) => before + i),
    classes: classNamesOf(file.names, [count], 'COCO'),
    activation: 'Identity',
    ...(before === 5 && { objectness: 4 }),
    text: `boxes and scores in ${shown(output)}${before === 5 ? ', with objectness' : ''}`,
  }
}

function shown({ name, shape }: TypedTensor): string {
  return `"${printable(name)}" [${printable(shape.join(', '))}]`
}
