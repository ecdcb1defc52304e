/**
 * The typed interface of the C++ addon, and the only file that loads it. Arrays are row-major. An array may be a view
 * on a SharedArrayBuffer, but not on a resizable ArrayBuffer. A buffer must not be transferred or detached while a
 * promise that uses it is unsettled. If its elements change meanwhile, only the results are wrong.
 *
 * An argument of the wrong type, length or shape causes a TypeError or a RangeError that names it. If memory runs out,
 * a RangeError says what it was needed for. A training stops when the thread or the process that waits for it ends.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import loadPrebuilt from 'pkg-prebuilds'
import { DeviceError, endIfStopped, InputError, words } from './errors.js'
import { prepareEnvironment } from './support/machine.js'
import { withStopFlag } from './support/stopFlag.js'
import { firstLine } from './support/text.js'

/**
 * How pixel values become the network's input: (value / divisor - mean[c]) / std[c] for channel c, with each step
 * rounded to float32. This equals torchvision's ToTensor (divisor 255) and Normalize bit for bit.
 */
interface Normalisation {
  /** Pixel values are divided by this: 255 if the network takes values from 0 to 1; 1 if it takes 0 to 255. */
  readonly divisor: number
  /** Mean of each channel, in the order of the output channels: with `bgr`, index 0 is blue. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  readonly channelOrder: 'rgb' | 'bgr'
}

export interface CompositorOptions {
  /** Pixels of the patch, RGBA [patchRows, patchCols, 4]. */
  readonly patch: Uint8Array
  readonly patchRows: number
  readonly patchCols: number
  readonly frameRows: number
  readonly frameCols: number
  /** One colour, or an image of the frame's size, RGB [frameRows, frameCols, 3]. */
  readonly background: { readonly rgb: readonly [number, number, number] } | { readonly image: Uint8Array }
  readonly normalisation: Normalisation
  /**
   * hard: takes the patch's pixel where alpha >= 128, else the background's. soft: mixes the two in float32, with the
   * weight alpha / 255 for the patch.
   */
  readonly blend: 'hard' | 'soft'
}

/**
 * Pastes one patch into one frame (the background) at any number of positions. Several calls may run at the same time.
 */
export interface Compositor {
  /**
   * Writes one image for each position, with the patch pasted at that position. It runs on a thread of Node's pool.
   * @param offsets Upper-left corners of the patch, [images, 2] as row, col; copied during the call.
   * @param out Receives the images, [images, 3, frameRows, frameCols]; must have exactly that length.
   * @param movements How each image then moves by parts of a pixel, [images, 4], in pixels; copied during the call. The
   *   first two numbers are a circular shift along rows and columns with ideal interpolation. The others are steps:
   *   multiples of a bilinear shift's derivative that are added. native/core/subpixel.h defines both.
   * @throws RangeError when a position puts the patch outside the frame; nothing is written then.
   */
  composite(offsets: Int32Array, out: Float32Array, movements?: Float64Array): Promise<void>
  /**
   * Gives its memory back, once running calls have ended. Later calls of `composite` fail. A compositor that is not
   * closed keeps its memory until it is garbage-collected.
   */
  close(): void
}

/** A matrix of features in the memory of a CUDA device; see `uploadFeatures`. */
export interface CudaFeatures {
  readonly device: number
  readonly handle: CudaHandle
}

declare const cudaHandle: unique symbol
/** A reference to memory on a CUDA device. Only the addon can use it. */
interface CudaHandle {
  readonly [cudaHandle]: true
}

export interface CosineOptions {
  /** Features, [rows, dims]. If they are in the memory of a CUDA device, this device computes the cosines. */
  readonly features: Float32Array | CudaFeatures
  readonly rows: number
  readonly dims: number
  /** Vectors with which each feature is compared, [anchorCount, dims]. */
  readonly anchors: Float32Array
  readonly anchorCount: number
  /** Number of threads on the processor, by default 1. It does not change the result, not even in the last bit. */
  readonly threads?: number
}

export interface ArgmaxOptions {
  /** Features, [rows, dims]. */
  readonly features: Float32Array
  readonly rows: number
  readonly dims: number
  readonly threads?: number
}

export interface CosineFault {
  readonly source: 'features' | 'anchors'
  readonly row: number
  readonly reason: 'zero' | 'nan' | 'infinite'
}

/** A feature, or an anchor to compare it with, has no direction. Its cosine is therefore undefined. */
export class DegenerateFeatureError extends InputError implements CosineFault {
  override readonly code = 'ERR_SHIFTSCOPE_DEGENERATE_FEATURE'
  readonly source: CosineFault['source']
  /** Index of the first row without a direction, in the matrix that `source` names. */
  readonly row: number
  readonly reason: CosineFault['reason']

  constructor(fault: CosineFault) {
    const what = { zero: 'is all zero', nan: 'holds NaN', infinite: 'holds an infinite value' }[fault.reason]
    super(
      `row ${fault.row} of the ${fault.source} ${what}: its cosine is undefined; check the network's weights and its input`,
    )
    this.source = fault.source
    this.row = fault.row
    this.reason = fault.reason
  }
}

export interface SvmOptions {
  /** Features, [rows, dims]. If they are in the memory of a CUDA device, this device does the training. */
  readonly features: Float32Array | CudaFeatures
  readonly rows: number
  readonly dims: number
  /**
   * One label for each problem and each row, [problems, rows]. It is +1 or -1 for the two classes, or 0 if the row is
   * not in the problem's training set.
   */
  readonly labels: Int8Array
  readonly problems: number
  /**
   * Weight of the losses. Each problem minimises ½|w|² + C Σ max(0, 1 - y f(x)) for f(x) = <w, x> + b, as sklearn's
   * SVC(kernel='linear') does.
   */
  readonly C: number
  /**
   * A problem counts as solved if its duality gap, divided by its primal objective, is at most this. Default: see
   * native/core/svm.h.
   */
  readonly tolerance?: number
  /** Largest number of passes over the features. Default: see native/core/svm.h. */
  readonly passLimit?: number
  /** Number of threads, by default 1. It does not change the result, not even in the last bit. */
  readonly threads?: number
  readonly signal?: AbortSignal
}

/** A CUDA device that can run the addon's kernels. */
export interface CudaDevice {
  readonly index: number
  readonly name: string
  /** Version of the device's architecture, such as 9.0. */
  readonly computeCapability: string
  readonly memoryBytes: number
}

export interface CudaDevices {
  readonly devices: readonly CudaDevice[]
  /** Why some or all devices cannot be used; empty if all can. */
  readonly reason: string
}

export interface SvmSolution {
  readonly intercept: number
  readonly primal: number
  /** Lower bound of the smallest possible objective. It is the objective of the dual problem. */
  readonly dual: number
  readonly supportVectors: number
  /** Number of support vectors whose multiplier has the largest allowed value, C. */
  readonly bounded: number
  /** Whether the duality gap met the tolerance within `passLimit` passes. */
  readonly converged: boolean
}

export interface SvmTraining {
  readonly solutions: readonly SvmSolution[]
  /** Decision values f(x) of all samples, inside and outside the training set, [problems, rows]. */
  readonly decisions: Float64Array
  readonly passes: number
  /** Number of samples whose scalar products with other samples were computed. */
  readonly gramSamples: number
}

export class NonFiniteFeatureError extends InputError {
  override readonly code = 'ERR_SHIFTSCOPE_NON_FINITE_FEATURE'
  /** Index of the first row that holds NaN or infinity. */
  readonly row: number

  constructor(row: number) {
    super(`row ${row} of the features holds NaN or infinity; check the network's weights and its input`)
    this.row = row
  }
}

/** A CUDA device is missing, failed or has too little memory. The processor could do the same work instead. */
export class CudaFailure extends DeviceError {
  override readonly code = 'ERR_SHIFTSCOPE_CUDA'
  /** Message of the device or its driver. */
  readonly reason: string

  constructor(index: number, reason: string) {
    super(words`device cuda:${index} failed: ${reason}; use \`device cpu\``)
    this.reason = reason
  }
}

/** Result of an operation if the CUDA device failed. The text is the reason. */
interface DeviceFailure {
  readonly deviceFailure: string
}

type SvmResult =
  | { readonly fault: number }
  | DeviceFailure
  | { readonly stopped: true }
  | Omit<SvmTraining, 'decisions'>

/** Exports of native/binding/module.cpp. */
interface Addon {
  readonly Compositor: new (options: CompositorOptions) => Compositor
  uploadFeatures(
    features: Float32Array,
    rows: number,
    dims: number,
    device: number,
  ): Promise<{ readonly handle: CudaHandle } | DeviceFailure>
  releaseFeatures(handle: CudaHandle): void
  cosineSimilarity(
    features: Float32Array | CudaHandle,
    rows: number,
    dims: number,
    anchors: Float32Array,
    anchorCount: number,
    threads: number,
    out: Float32Array,
  ): Promise<CosineFault | DeviceFailure | undefined>
  argmax(features: Float32Array, rows: number, dims: number, threads: number, out: Int32Array): Promise<void>
  resizeOnWhite(
    pixels: Uint8Array,
    rows: number,
    cols: number,
    rowFirst: Int32Array,
    rowWeights: Int32Array,
    colFirst: Int32Array,
    colWeights: Int32Array,
    out: Uint8Array,
    channels: number,
  ): Promise<void>
  trainSvm(
    options: Omit<SvmOptions, 'features' | 'signal'> & {
      readonly features: Float32Array | CudaHandle
      readonly decisions: Float64Array
      /**
       * Array of one element. If the element becomes nonzero, the training stops. The addon sets it when the JavaScript
       * thread ends.
       */
      readonly stop: Int32Array
    },
  ): Promise<SvmResult>
  cudaDevices(index?: number): CudaDevices
  instructionSet(): string
}

/** The package's folder, which contains `src` and `dist`. */
const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/**
 * Loads the addon that the user built from source, if there is one, because it may have CUDA kernels or changed code.
 * Otherwise, or if that build cannot be loaded, loads the package's binary for this platform.
 */
function load(): Addon {
  const require = createRequire(import.meta.url)
  const attempts: string[] = []
  const build = join(PACKAGE, 'native/build/Release/shiftscope.node')
  try {
    if (existsSync(build)) return require(build) as Addon
    attempts.push(`no build in ${dirname(build)}`)
  } catch (error) {
    attempts.push(`the build ${build}: ${firstLine(error)}`)
  }
  try {
    return loadPrebuilt<Addon>(PACKAGE, { name: 'shiftscope', napi_versions: [8] })
  } catch (error) {
    const reason = firstLine(error)
    const platform = `${process.platform}-${process.arch}`
    attempts.push(
      reason.startsWith('Failed to find') ? `no binary for ${platform} in the package` : `the binary: ${reason}`,
    )
  }
  throw new DeviceError(
    `the native addon cannot be loaded (${attempts.join('; ')}); install shiftscope again without --ignore-scripts, or run "npm run build:native" in ${PACKAGE}, which needs CMake and a C++20 compiler`,
  )
}

let loaded: Addon | undefined

/** Loads the addon when it is first used, so that commands can do without it if they compute nothing. */
function addon(): Addon {
  if (loaded === undefined) {
    prepareEnvironment()
    const fresh = load()
    try {
      fresh.instructionSet()
    } catch (error) {
      throw new DeviceError(error instanceof Error ? error.message : String(error))
    }
    loaded = fresh
  }
  return loaded
}

/**
 * Instruction set that the addon uses, such as AVX2, by its name in native/core/instruction_set.h. It is the machine's
 * best, or the one that SHIFTSCOPE_ISA names.
 * @throws DeviceError if the addon cannot be loaded, or if SHIFTSCOPE_ISA names a set that the machine lacks
 */
export function instructionSet(): string {
  return addon().instructionSet()
}

/** Reads the options during this call and does not keep them. */
export function createCompositor(options: CompositorOptions): Compositor {
  const compositor = new (addon().Compositor)(options)
  // `composite` is async, so that errors about arguments become rejections.
  return { composite: async (...images) => compositor.composite(...images), close: () => compositor.close() }
}

/**
 * Copies a matrix, [rows, dims], to a CUDA device, on a thread of Node's pool. The device keeps the copy until
 * `releaseFeatures`, or until the result is garbage-collected.
 * @throws CudaFailure for a device that cannot be used or has too little memory
 */
export async function uploadFeatures(
  features: Float32Array,
  rows: number,
  dims: number,
  device: number,
): Promise<CudaFeatures> {
  const result = await addon().uploadFeatures(features, rows, dims, device)
  if ('deviceFailure' in result) throw new CudaFailure(device, result.deviceFailure)
  return { device, handle: result.handle }
}

/** Frees the device's memory once running operations have ended. Start no operation on the features after this call. */
export function releaseFeatures({ handle }: CudaFeatures): void {
  addon().releaseFeatures(handle)
}

function sourceOf(features: Float32Array | CudaFeatures): Float32Array | CudaHandle {
  return 'handle' in features ? features.handle : features
}

function endIfFailed<T extends object>(
  result: T | DeviceFailure | undefined,
  features: Float32Array | CudaFeatures,
): asserts result is T | undefined {
  if (result === undefined || !('deviceFailure' in result)) return
  throw new CudaFailure('device' in features ? features.device : 0, result.deviceFailure)
}

/**
 * Cosine similarity of every feature with every anchor, [anchorCount, rows]. Each value is within one float32 rounding
 * of the float64 value. The work runs on a thread of Node's pool, and on `threads - 1` others.
 * @throws DegenerateFeatureError for a feature or an anchor that is all zero or not finite
 * @throws CudaFailure for a CUDA device that cannot do the work
 */
export async function cosineSimilarity(options: CosineOptions): Promise<Float32Array> {
  const { features, rows, dims, anchors, anchorCount, threads = 1 } = options
  const out = new Float32Array(anchorCount * rows)
  const fault = await addon().cosineSimilarity(sourceOf(features), rows, dims, anchors, anchorCount, threads, out)
  endIfFailed(fault, features)
  if (fault !== undefined) throw new DegenerateFeatureError(fault)
  return out
}

/**
 * For each feature, the index of its largest value, [rows]. If several values are the largest, it is the first of them.
 * NaN is ignored. dims must be below 2^31.
 */
export async function argmax({ features, rows, dims, threads = 1 }: ArgmaxOptions): Promise<Int32Array> {
  const out = new Int32Array(rows)
  await addon().argmax(features, rows, dims, threads, out)
  return out
}

/** The source pixels that make each target pixel along one axis. Target pixel i uses consecutive ones from `first[i]`. */
export interface ResizeTaps {
  /** Ascending, [targets]. */
  readonly first: Int32Array
  /** Weights of the source pixels, [targets, pixels per target], in units of 2^-22. Those of a target add up to 2^22. */
  readonly weights: Int32Array
}

/**
 * Lays a picture, RGB or RGBA [rows, cols, channels], on white and resizes it, on a thread of Node's pool: first each
 * row, then each column. Both results are rounded to bytes.
 * @param out Receives the opaque picture, RGBA [targets of `ofRows`, targets of `ofCols`, 4].
 */
export async function resizeOnWhite(
  { rows, cols, data }: { readonly rows: number; readonly cols: number; readonly data: Uint8Array },
  ofRows: ResizeTaps,
  ofCols: ResizeTaps,
  out: Uint8Array,
): Promise<void> {
  const taps = [ofRows.first, ofRows.weights, ofCols.first, ofCols.weights] as const
  await addon().resizeOnWhite(data, rows, cols, ...taps, out, data.length / (rows * cols))
}

/**
 * Trains linear support vector machines for many problems on the same features at once, in its own threads.
 * @throws NonFiniteFeatureError for a feature that holds NaN or infinity
 * @throws CudaFailure for a CUDA device that cannot do the work
 * @throws Error for a problem without samples of both classes
 * @throws the signal's reason after an abort
 */
export async function trainSvm({ signal, features, ...options }: SvmOptions): Promise<SvmTraining> {
  const decisions = new Float64Array(options.problems * options.rows)
  const result = await withStopFlag(signal, (stop) =>
    addon().trainSvm({ threads: 1, ...options, features: sourceOf(features), decisions, stop }),
  )
  endIfStopped(signal)
  endIfFailed(result, features)
  if ('stopped' in result) throw new Error('the SVM training stopped unexpectedly; run the same command again')
  if ('fault' in result) throw new NonFiniteFeatureError(result.fault)
  return { ...result, decisions }
}

/**
 * Tries all CUDA devices, or only the one with this index, and lists those that can run the addon's kernels. Trying a
 * device takes some tenths of a second.
 */
export function cudaDevices(index?: number): CudaDevices {
  return addon().cudaDevices(index)
}
