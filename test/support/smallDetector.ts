import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type Network, outputOf } from '../../src/network.js'
import { type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { writeWithMetadata } from './modelMetadata.js'
import { node, weightsOf } from './smallNetwork.js'

/** Side of the images of small detectors in px, and the number of their boxes. */
export const SIDE = 16
const BOXES = 16

/** The tensors that nodes of a detector can read, and the file beside it whose outputs they are. */
export const INNER = ['raw', 'logits_of_boxes']
export const innerFile = (path: string) => path.replace(/\.onnx$/, '-inner.onnx')

export interface SmallDetector {
  /** `metadata_props` of the file. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Nodes that make the outputs from `raw` and `logits_of_boxes`, boxes as shares and logits, or from `raw_px`. */
  readonly nodes: readonly Node[]
  /** Outputs with their shapes for one image. */
  readonly outputs: Readonly<Record<string, readonly number[]>>
  /** Number of columns of `logits`. */
  readonly columns: number
  readonly operatorSet?: number
  readonly batch?: number | string
  /** Number of the image's channels; 3 by default. */
  readonly channels?: number
  /** Whether the file takes images with the channels last. Its `innerFile` does, too. */
  readonly isChannelsLast?: boolean
}

/** Writes a detector whose boxes and scores are convolutions of the image, and its `innerFile`. */
export async function writeDetector(path: string, detector: SmallDetector): Promise<string> {
  const { nodes, outputs, columns, metadata = {}, operatorSet = 13, batch = 'N', channels = 3 } = detector
  const pixels = detector.isChannelsLast ? 'channels_first' : 'image'
  const model = {
    name: 'detector',
    operatorSet,
    inputs: [
      { name: 'image', shape: detector.isChannelsLast ? [batch, SIDE, SIDE, channels] : [batch, channels, SIDE, SIDE] },
    ],
    outputs: Object.entries(outputs).map(([name, shape]) => ({ name, shape: [batch, ...shape] })),
    initializers: [
      weightsOf('box_filters', 4, channels, 4, 4),
      weightsOf('score_filters', columns, channels, 4, 4),
      { name: 'four', shape: [3], int64: [0, BOXES, 4] },
      { name: 'many', shape: [3], int64: [0, BOXES, columns] },
      { name: 'span', shape: [], floats: [3] },
      { name: 'low', shape: [], floats: [-1] },
      { name: 'side', shape: [], floats: [SIDE] },
    ],
    nodes: [
      ...(detector.isChannelsLast ? [node('Transpose', ['image'], pixels, { perm: [0, 3, 1, 2] })] : []),
      node('Conv', [pixels, 'box_filters'], 'box_map', { strides: [4, 4] }),
      node('Transpose', ['box_map'], 'box_rows', { perm: [0, 2, 3, 1] }),
      node('Reshape', ['box_rows', 'four'], 'box_values'),
      node('Sigmoid', ['box_values'], 'box_shares'),
      node('Mul', ['box_shares', 'span'], 'box_spans'),
      node('Add', ['box_spans', 'low'], 'raw'),
      node('Mul', ['raw', 'side'], 'raw_px'),
      node('Conv', [pixels, 'score_filters'], 'score_map', { strides: [4, 4] }),
      node('Transpose', ['score_map'], 'score_rows', { perm: [0, 2, 3, 1] }),
      node('Reshape', ['score_rows', 'many'], 'logits_of_boxes'),
      ...nodes,
    ],
  }
  await writeWithMetadata(path, metadata, model)
  const shape = [batch, BOXES, 'columns']
  await writeModel(innerFile(path), { ...model, outputs: INNER.map((name) => ({ name, shape })) })
  return path
}

/** Runs a file on different grey images. */
export async function runImages(path: string, input: string, outputs: readonly string[], images = 3) {
  const session = await InferenceSession.create(path)
  const [stated] = session.inputMetadata
  const channels = stated?.isTensor ? Number(stated.shape[1]) : 3
  const shape = [images, channels, SIDE, SIDE]
  const pixels = Float32Array.from({ length: images * channels * SIDE * SIDE }, (_, i) => {
    const image = Math.floor(i / channels / SIDE / SIDE)
    return Math.sin((image * SIDE * SIDE + (i % (SIDE * SIDE))) * 1.7) * 0.8
  })
  return session.run({ [input]: new Tensor('float32', pixels, shape) }, [...outputs])
}

/** Detections of the images of `runImages`, one row of 5 · C numbers per image. */
export async function detectionsOf({ onnxPath, input, layers, head }: Network): Promise<readonly number[][]> {
  const layer = layers.find(({ name }) => name === head?.layer)
  if (layer === undefined) throw new Error('no detections')
  const batch = input.batch ?? 3
  const results = await runImages(onnxPath, input.name, [outputOf(layer)], batch)
  const all = Array.from((results[outputOf(layer)] as Tensor).data as Float32Array)
  return Array.from({ length: batch }, (_, image) => all.slice(image * layer.dims, (image + 1) * layer.dims))
}
