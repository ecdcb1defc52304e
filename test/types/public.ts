import {
  type AnchorName,
  type Arithmetic,
  arithmetic,
  DeviceError,
  type Extraction,
  type ExtractOptions,
  extract,
  type FeatureSeparability,
  InputError,
  InterruptedError,
  NetworkError,
  type OpenNetwork,
  OutputError,
  type ProgressListener,
  type ReproduceOptions,
  readNpy,
  reproduce,
  ShiftscopeError,
  type Similarity,
  type SimilarityOptions,
  type StudyResult,
  separability,
  similarity,
  UsageError,
  WorkerError,
} from 'shiftscope'

/**
 * Compiled, never run: the package as a strict TypeScript project without the DOM sees it. One function for each entry
 * point, with what must not compile. The examples and the docs have the right uses.
 */

export async function extractIsTyped(onProgress: ProgressListener): Promise<Float32Array | undefined> {
  const least: ExtractOptions = { model: 'tiny-alexnet', patch: 'dog.png', size: 75, onProgress }
  const { layers }: Extraction = await extract(least)
  const [layer] = layers
  await extract({ model: 'tiny-alexnet', photograph: 'street.jpg', margin: 16 })
  // @ts-expect-error A photograph is a path.
  await extract({ model: 'tiny-alexnet', photograph: 1 })
  // @ts-expect-error Numbers are no texts.
  await extract({ ...least, size: '75' })
  // @ts-expect-error There are two ways to blend.
  await extract({ ...least, blend: 'softly' })
  // @ts-expect-error Precisions are fp32 and fp16.
  await extract({ ...least, precision: 'fp64' })
  // @ts-expect-error An option that is left out is not undefined.
  await extract({ ...least, stride: undefined })
  // @ts-expect-error A misspelt option.
  await extract({ ...least, strides: 2 })
  // @ts-expect-error Results are only read.
  if (layer) layer.dims = 1
  return layer?.data
}

export async function similarityIsTyped(name: AnchorName, options: SimilarityOptions): Promise<number> {
  const { anchors }: Similarity = await similarity(await readNpy('fc6.npy'), options)
  // @ts-expect-error The features are what it is about.
  await similarity({ out: 'maps.npy' })
  // @ts-expect-error There are five anchors.
  const none = anchors.middle
  // @ts-expect-error A pixel is known only where the stride is.
  const row: number = anchors.center.pixel.row
  return anchors[name].mean + row + none
}

export async function separabilityIsTyped(): Promise<FeatureSeparability> {
  // @ts-expect-error Classifiers have one loss.
  await separability('fc6.npy', { loss: 'squared-hinge' })
  const one = await separability('fc6.npy', { cv: 'ordered' })
  // @ts-expect-error One scheme of folds has no schemes.
  const none = one.schemes
  return none ?? one
}

export async function networksAreTyped(network: OpenNetwork): Promise<void> {
  // @ts-expect-error There are two orders.
  network.rows({ patch: 'dog', size: 75, order: 'backwards' })
  // @ts-expect-error Pixels have sides.
  await network.extract({ patch: { data: new Uint8Array(4) }, size: 75 })
}

export async function reproduceIsTyped(options: ReproduceOptions): Promise<StudyResult> {
  // @ts-expect-error Presets are quick and paper.
  await reproduce({ preset: 'slow' })
  // @ts-expect-error Sizes are a list.
  await reproduce({ sizes: 75 })
  // @ts-expect-error There is no such experiment.
  await reproduce({ experiments: ['segmentation'] })
  // @ts-expect-error Limits have two ends.
  await reproduce({ limits: { low: 0 } })
  return reproduce(options)
}

export async function arithmeticIsTyped(): Promise<Arithmetic> {
  const images = { A: 'dog@0,0', B: 'blank' }
  // @ts-expect-error An expression is about images.
  await arithmetic({ generators: ['fc6.onnx'], expression: 'A + B' })
  // @ts-expect-error Origins are zero and blank.
  return arithmetic({ expression: 'A + B', images, origin: 'mean' })
}

export function errorsAreTyped(error: unknown): number {
  const classes = [UsageError, InputError, DeviceError, OutputError, NetworkError, WorkerError, InterruptedError]
  const made: readonly ShiftscopeError[] = classes.map((Class) => new Class('a line', { cause: error }))
  if (!(error instanceof ShiftscopeError)) return made.length
  const message: string = error.message
  const code: `ERR_SHIFTSCOPE_${string}` = error.code
  // @ts-expect-error The code is only read.
  error.code = code
  // @ts-expect-error The exit status is only read.
  error.exitStatus = message.length
  return error.exitStatus
}
