import { InputError, UsageError } from '../../errors.js'
import { listedNames, nearestNames, printable } from '../../support/text.js'
import type { Classes, Detector } from '../network.js'
import type { NetworkFile } from '../networkFile.js'
import { boxesInGraph } from '../onnx/graph/boxGraph.js'
import { BOXES_HELP, boxesOption, type FoundReading } from './boxes.js'
import { type DetectorForm, detectorForm } from './forms.js'
import { HEAD_OPERATORS } from './head.js'

/** Name of the layer with a detector's detections. */
export const DETECTIONS = 'detections'

const THRESHOLD = 0.25

/** A detector's outputs, and what is known of its boxes. */
export interface Detection {
  readonly form: DetectorForm
  readonly reading: FoundReading
}

/** A detector whose detections are read. */
export interface OpenDetection extends Pick<Detection, 'form'> {
  readonly detector: Detector
  readonly classes: Classes
}

/** @throws InputError for a detector whose outputs cannot be read, because it drops boxes itself or is too old */
export async function detectionOf(file: NetworkFile): Promise<Detection | undefined> {
  const { name, onnx, entry } = file
  const form = entry === undefined ? await detectorForm(file) : undefined
  if (form !== undefined && onnx.graph.operatorSet < HEAD_OPERATORS)
    throw new InputError(
      `${name} is a detector with version ${onnx.graph.operatorSet} of ONNX’s operators, but its detections need version ${HEAD_OPERATORS}; export it again`,
    )
  if (form !== undefined) return { form, reading: readingOf(file, form) }
  if (entry === undefined && dropsBoxes(file))
    throw new InputError(
      `${name} drops overlapping boxes itself, so it gives an open number of them; export it without this step (Ultralytics: nms=False), with all boxes [N, A, 4] and scores [N, A, C] as outputs, or name other layers`,
    )
  return undefined
}

/** Whether a network gives only the boxes that are left after a suppression: one class and one score for each. */
function dropsBoxes({ onnx: { outputs, graph, metadata } }: NetworkFile): boolean {
  const hasBoxes = outputs.some(({ name, shape }) => /box/i.test(name) && shape.at(-1) === 4)
  const isList = metadata.has('names') && outputs.some(({ shape }) => shape.length === 3 && shape[2] === 6)
  return hasBoxes || isList || graph.nodes.some(({ operator }) => /NonMaxSuppression|NMS/.test(operator))
}

/** Names of outputs that tell how their boxes are stated. */
const NAMED = [
  {
    boxes: /pred_boxes/,
    scores: /logits/,
    reading: { order: 'cxcywh', unit: 'share', source: 'the names of DETR’s outputs' },
  },
  {
    boxes: /detection_boxes/,
    scores: /detection/,
    reading: { order: 'yxyx', unit: 'share', source: 'the names of TensorFlow’s outputs' },
  },
] as const

/** Ultralytics names the classes of its networks in Python's form, and states boxes in one way. */
const ULTRALYTICS = { order: 'cxcywh', unit: 'px', source: 'metadata of the model' } as const

/** The order and the unit of boxes, each from the first source that states it. */
function readingOf({ onnx, reference }: NetworkFile, { boxes, scores }: DetectorForm): FoundReading {
  const isUltralytics = boxes === scores && /^\s*[[{]/.test(onnx.metadata.get('names') ?? '')
  const sources: readonly FoundReading[] = [
    reference.boxes === undefined ? [] : boxesOption(reference.boxes),
    NAMED.filter((named) => named.boxes.test(boxes) && named.scores.test(scores)).map(({ reading }) => reading),
    isUltralytics ? ULTRALYTICS : [],
    { ...boxesInGraph(onnx, boxes), source: 'the graph' },
  ].flat()
  const ofOrder = sources.find(({ order }) => order !== undefined)
  const ofUnit = sources.find(({ unit }) => unit !== undefined)
  return {
    ...(ofOrder?.order && { order: ofOrder.order }),
    ...(ofUnit?.unit && { unit: ofUnit.unit }),
    source: [...new Set([ofOrder, ofUnit].flatMap((one) => one?.source ?? []))].join(', '),
  }
}

/** The detector in a network, if its detections are to be read: by default, or if the user names them. */
export async function wantedDetection(file: NetworkFile): Promise<OpenDetection | undefined> {
  const { layers } = file.reference
  const found = layers === undefined || layers.includes(DETECTIONS) ? await detectionOf(file) : undefined
  return found && { form: found.form, detector: detectorOf(file, found), classes: detectionClasses(found) }
}

export function detectionClasses({ form: { classes } }: Detection): Classes {
  return { layer: DETECTIONS, ...classes, scores: { meaning: 'sigmoid', source: 'best scores of a detector' } }
}

/** @throws UsageError if nothing tells how the boxes are stated */
function detectorOf({ name, reference }: NetworkFile, { form, reading }: Detection): Detector {
  const { order, unit, source } = reading
  if (order === undefined || unit === undefined) {
    const [what, example] = order === undefined ? ['order', `xyxy,${unit ?? 'share'}`] : ['unit', `${order},share`]
    throw new UsageError(
      `nothing tells the ${what} of the boxes in "${printable(form.boxes)}" of ${name}; add \`boxes ${example}\` or what fits: ${BOXES_HELP}`,
    )
  }
  const { threshold = THRESHOLD, objectClass } = reference
  const { names } = form.classes
  if (objectClass !== undefined && !names.includes(objectClass))
    throw new UsageError(
      `${name} has no class "${printable(objectClass)}"; the most similar are ${listedNames(nearestNames(objectClass, names, 5))}`,
    )
  return {
    layer: DETECTIONS,
    threshold,
    ...(objectClass !== undefined && { objectClass }),
    form: form.text,
    boxes: `${order},${unit}`,
    source,
  }
}
