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
  OutputError,
  openNetwork,
  openResults,
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
 * point, the right use first and then what must not compile.
 */

declare const signal: AbortSignal
declare const onProgress: ProgressListener

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
    workers: 1,
    threads: 1,
    batch: 8,
    out: 'features',
    onProgress,
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
  return layer?.data
}

export async function similarityIsTyped(): Promise<number> {
  const options: SimilarityOptions = { out: 'maps.npy', threads: 2, signal }
  const { anchors, maps }: Similarity = await similarity('fc6.npy', options)
  const names: readonly AnchorName[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right', 'center']
  const means = names.map((name) => anchors[name].mean)
  const pixelRow: number | undefined = anchors.center.pixel?.row
  const first: number | undefined = maps[0]
  // @ts-expect-error The features are what it is about.
  await similarity({ out: 'maps.npy' })
  // @ts-expect-error There are five anchors.
  const none = anchors.middle
  // @ts-expect-error A pixel is known only where the stride is.
  const row: number = anchors.center.pixel.row
  return (means[0] ?? 0) + (pixelRow ?? first ?? row + none)
}

export async function separabilityIsTyped(): Promise<FeatureSeparability> {
  const both = await separability({ data: new Float32Array(8), shape: [2, 2, 2] }, { cv: ['ordered', 'blocks'] })
  const mean: number | null | undefined = both.schemes.blocks?.['left-right'].mean
  // @ts-expect-error Classifiers have one loss.
  await separability('fc6.npy', { loss: 'squared-hinge' })
  // @ts-expect-error One scheme of folds has no schemes.
  mean ?? (await separability('fc6.npy', { cv: 'ordered' })).schemes
  return separability('fc6.npy', { C: 0.1, cv: 'blocks', seed: 3, signal })
}

export async function networksAreTyped(): Promise<number> {
  await using network = await openNetwork('tiny-alexnet', { device: 'cpu', onProgress })
  const patch = { data: new Uint8Array(4), width: 1, height: 1 }
  const features = await network.extract({ patch, size: 75, stride: 5, signal })
  const { layers } = await similarity(features)
  const first: string | undefined = layers[0]?.name
  let rows = 0
  for await (const { indices } of network.rows({ patch, size: 75, order: 'coarse-to-fine' })) rows += indices.length
  // @ts-expect-error There are two orders.
  network.rows({ patch, size: 75, order: 'backwards' })
  // @ts-expect-error Pixels have sides.
  await network.extract({ patch: { data: patch.data }, size: 75 })
  const { maps } = await network
    .compare({ patch: 'dog', size: 75 })
    .then(({ layers: [layer] }) => layer ?? { maps: null })
  const { shape } = await readNpy('fc6.npy')
  for await (const unit of openResults('results', { signal })) rows += (await unit.maps()).data.length
  return rows + shape.length + (maps?.length ?? 0) + (first?.length ?? 0)
}

export async function reproduceIsTyped(): Promise<StudyResult> {
  const options: ReproduceOptions = {
    preset: 'paper',
    models: ['alexnet'],
    sizes: [75, 125],
    experiments: ['similarity', 'separability', 'equivariance', 'arithmetic'],
    cv: ['ordered', 'transposed'],
    weights: { alexnet: 'alexnet.pth' },
    limits: { low: 0, high: 1 },
    out: 'results',
    onProgress,
    signal,
  }
  const { units, report } = await reproduce()
  const means: readonly number[] = report?.rows.map(({ mean }) => mean - units) ?? []
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
  return arithmetic({ model: 'tiny-alexnet', expression: 'A + B', images, origin: 'blank', onProgress, signal })
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
