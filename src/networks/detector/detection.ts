import { InputError, UsageError } from '../../errors.js'
import type { Head } from '../../network.js'
import type { TypedTensor } from '../../onnx/format/onnxFile.js'
import { listedNames, nearestNames, printable } from '../../support/text.js'
import type { FoundHead } from '../file/foundHead.js'
import type { NetworkFile } from '../file/networkFile.js'
import { unusedName } from '../input/inputAdapter.js'
import { BOXES_HELP, type BoxFormat, boxesOption } from '../reference/boxFormat.js'
import { type DetectorForm, detectorForm } from './forms.js'
import { detectionNodes, HEAD } from './head.js'

/**
 * The detector in a network, if its detections are to be read: by default, or if the user names them.
 * @throws UsageError if nothing tells how boxes or scores are stated
 * @throws InputError for a detector that drops boxes itself
 */
export function wantedDetection(file: NetworkFile): FoundHead | undefined {
  const { name, onnx, entry, reference } = file
  if (reference.layers?.includes(layerOf(onnx)) === false) return undefined
  const form = formOf(file)
  const detection = detectionOf(file, form)
  if (form && detection) checkReadable(file, form, detection.head)
  else if (entry === undefined && dropsBoxes(onnx))
    throw new InputError(
      `${name} drops overlapping boxes itself, so it gives an open number of them; export it without this step (Ultralytics: nms=False), with all boxes [N, A, 4] and scores [N, A, C] as outputs, or name other layers`,
    )
  return detection
}

function formOf(file: NetworkFile): DetectorForm | undefined {
  return file.entry === undefined ? detectorForm(file) : undefined
}

export function detectionOf(file: NetworkFile, form = formOf(file)): FoundHead | undefined {
  if (form === undefined) return undefined
  const layer = layerOf(file.onnx)
  const { threshold = 0.25, objectClass } = file.reference
  const { names, source } = form.classes
  const read = { threshold, ...(objectClass && { objectClass }), form: form.text, ...readingOf(file, form) }
  const head: Head = { kind: 'detector', layer, compared: [HEAD.boxes, HEAD.scores], ...read }
  return {
    head,
    outputs: [form.boxes, form.scores],
    outputKind: 'boxes',
    op: 'best boxes',
    shape: [5, names.length],
    nodes: (input) => detectionNodes(form, head, input),
    classes: { layer, names, source, scores: { meaning: 'sigmoid', source: 'best scores of a detector' } },
  }
}

function layerOf(onnx: NetworkFile['onnx']): string {
  return unusedName('detections', onnx)
}

function checkReadable({ name }: NetworkFile, form: DetectorForm, { objectClass, boxes }: Head): void {
  if (form.activation === 'unknown')
    throw UsageError.of`nothing tells how "${printable(form.scores)}" of ${name} becomes scores from 0 to 1; add \`scores sigmoid\` or, for a softmax over all classes of a box, \`scores logits\``
  const { names } = form.classes
  if (objectClass !== undefined && !names.includes(objectClass))
    throw new UsageError(
      `${name} has no class "${printable(objectClass)}"; the most similar are ${listedNames(nearestNames(objectClass, names, 5))}`,
    )
  if (!boxes.includes('?')) return
  const [order, unit] = boxes.split(',')
  const example = `${order === '?' ? 'xyxy' : order},${unit === '?' ? 'px' : unit}`
  throw UsageError.of`nothing tells the ${order === '?' ? 'order' : 'unit'} of the boxes in "${printable(form.boxes)}" of ${name}; add \`boxes ${example}\` or what fits: ${BOXES_HELP}`
}

/** Whether a network gives only the boxes that are left after a suppression: one class and one score for each. */
function dropsBoxes({ inputs, outputs, graph, metadata }: NetworkFile['onnx']): boolean {
  // A network may also give one box per image, [N, 4].
  const isPerImage = (shape: TypedTensor['shape']) => shape.length === 2 && shape[0] === inputs[0]?.shape[0]
  const hasBoxes = outputs.some(({ name, shape }) => /box/i.test(name) && shape.at(-1) === 4 && !isPerImage(shape))
  const isList = metadata.has('names') && outputs.some(({ shape }) => shape.length === 3 && shape[2] === 6)
  return hasBoxes || isList || graph.nodes.some(({ operator }) => /NonMaxSuppression|NMS/.test(operator))
}

/** The order and the unit of boxes, each from the first source that states it: options, names, metadata. */
function readingOf({ onnx, reference }: NetworkFile, form: DetectorForm): Pick<Head, 'boxes' | 'source'> {
  const { boxes, scores } = form
  const sources: (BoxFormat & { readonly source: string })[] = []
  if (reference.boxes !== undefined) sources.push({ ...boxesOption(reference.boxes), source: 'options' })
  if (/pred_boxes/.test(boxes) && /logits/.test(scores))
    sources.push({ order: 'cxcywh', unit: 'share', source: 'the names of DETR’s outputs' })
  if (/detection_boxes/.test(boxes))
    sources.push({ order: 'yxyx', unit: 'share', source: 'the names of TensorFlow’s outputs' })
  // Ultralytics names classes in Python’s form. Only its RT-DETR, [N, A, 4 + C], states shares.
  const isOfQueries = form.boxAxis === 1 && form.objectness === undefined
  if (boxes === scores && /^\s*[[{]/.test(onnx.metadata.get('names') ?? ''))
    sources.push({ order: 'cxcywh', unit: isOfQueries ? 'share' : 'px', source: 'metadata of the model' })
  const ofOrder = sources.find(({ order }) => order !== undefined)
  const ofUnit = sources.find(({ unit }) => unit !== undefined)
  const named = new Set([ofOrder, ofUnit].flatMap((one) => one?.source ?? []))
  return { boxes: `${ofOrder?.order ?? '?'},${ofUnit?.unit ?? '?'}`, source: [...named].join(', ') || 'nothing' }
}
