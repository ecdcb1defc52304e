import {
  type AnchorName,
  type Arithmetic,
  arithmetic,
  DeviceError,
  type Extraction,
  type ExtractOptions,
  extract,
  type FileSeparability,
  InputError,
  InterruptedError,
  NetworkError,
  OutputError,
  type Progress,
  type ReproduceOptions,
  reproduce,
  type SeparabilityOptions,
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
 * point, the right use first and then what must not compile.
 */

declare const signal: AbortSignal
declare const progress: Progress

export async function extractIsTyped(): Promise<Float32Array | undefined> {
  const least: ExtractOptions = { model: 'tiny-alexnet', patch: 'dog.png', size: 75 }
  const most: ExtractOptions = {
    ...least,
    weights: 'alexnet.pth',
    layers: ['fc6'],
    stride: 2,
    background: 'noise:1',
    blend: 'soft',
    device: 'cuda:1',
    precision: 'fp16',
    compositing: 'graph',
    workers: 1,
    threads: 1,
    batch: 8,
    out: 'features',
    progress,
    signal,
  }
  const { rows, cols, layers, images }: Extraction = await extract(most)
  const positions: number = rows * cols - images
  const [layer] = layers
  // @ts-expect-error A patch needs a size.
  await extract({ model: 'tiny-alexnet', patch: 'dog.png' })
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
  if (layer) layer.dims = positions
  return layer?.features
}

export async function similarityIsTyped(): Promise<number> {
  const options: SimilarityOptions = { file: 'fc6.npy', out: 'maps.npy', threads: 2, signal }
  const { anchors, maps }: Similarity = await similarity(options)
  const names: readonly AnchorName[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right', 'center']
  const means = names.map((name) => anchors[name].mean)
  const pixelRow: number | undefined = anchors.center.pixel?.row
  const first: number | undefined = maps[0]
  // @ts-expect-error The file is what it is about.
  await similarity({ out: 'maps.npy' })
  // @ts-expect-error There are five anchors.
  const none = anchors.middle
  // @ts-expect-error A pixel is known only where the stride is.
  const row: number = anchors.center.pixel.row
  return (means[0] ?? 0) + (pixelRow ?? first ?? row + none)
}

export async function separabilityIsTyped(): Promise<FileSeparability> {
  const options: SeparabilityOptions = { file: 'fc6.npy', loss: 'squared-hinge', C: 0.1, cv: 'blocks', seed: 3, signal }
  // @ts-expect-error Losses are hinge and squared-hinge.
  await separability({ file: 'fc6.npy', loss: 'logistic' })
  // @ts-expect-error One scheme of folds.
  await separability({ file: 'fc6.npy', cv: ['ordered'] })
  return separability(options)
}

export async function reproduceIsTyped(): Promise<StudyResult> {
  const options: ReproduceOptions = {
    preset: 'paper',
    models: ['alexnet'],
    sizes: [75, 125],
    experiments: ['similarity', 'separability', 'arithmetic'],
    cv: ['ordered', 'transposed'],
    weights: { alexnet: 'alexnet.pth' },
    limits: { low: 0, high: 1 },
    out: 'results',
    progress,
    signal,
  }
  const { units, summary } = await reproduce()
  const means: readonly number[] = summary.similarity.map(({ mean }) => mean - units)
  // @ts-expect-error Presets are quick and paper.
  await reproduce({ preset: 'slow' })
  // @ts-expect-error Sizes are a list.
  await reproduce({ sizes: 75 })
  // @ts-expect-error There is no such experiment.
  await reproduce({ experiments: ['segmentation'] })
  // @ts-expect-error Limits have two ends.
  await reproduce({ limits: { low: means[0] ?? 0 } })
  return reproduce(options)
}

export async function arithmeticIsTyped(): Promise<Arithmetic> {
  const images = { A: 'dog@0,0', B: 'blank' }
  // @ts-expect-error An expression is about images.
  await arithmetic({ generators: ['fc6.onnx'], expression: 'A + B' })
  // @ts-expect-error Origins are zero and blank.
  await arithmetic({ expression: 'A + B', images, origin: 'mean' })
  return arithmetic({ model: 'tiny-alexnet', expression: 'A + B', images, origin: 'blank', progress, signal })
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
