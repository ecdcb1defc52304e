import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Features } from '../engine/features/features.js'
import type { ExecutionRecord, NetworkHandle } from '../engine/open/handle.js'
import { checkMemory } from '../engine/open/machineMemory.js'
import {
  offsetsAt,
  orderedPositions,
  POSITION_ORDERS,
  type PositionGrid,
  positionGrid,
} from '../engine/scene/positions.js'
import { sceneOf } from '../engine/scene/scene.js'
import { BLENDS, type Scene, type Settings } from '../engine/scene/task.js'
import { throwIfStopped, UsageError } from '../errors.js'
import { type AnswerCounts, answerCounts } from '../experiments/answers/answers.js'
import { comparedFeatures } from '../experiments/answers/heads.js'
import { extractedGrid, featuresAt, type SimilarityMaps, similarityMaps } from '../experiments/maps/cosines.js'
import { type EquivarianceError, measureEquivariance } from '../experiments/maps/equivariance.js'
import type { FolderLockOptions } from '../files/lock.js'
import { openPartialArrays, type PartialArrays, type RowPlace } from '../files/partialArrays.js'
import { sha256 } from '../files/sha256.js'
import type { Network, Precision } from '../network.js'
import { recipeText } from '../networks/input/recipe.js'
import { allTokensText } from '../onnx/graph/tokens.js'
import { readBackground, WHITE } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'
import { isPatchInput, type PatchInput, patchOf, patchTitle } from '../patches/patchInput.js'
import { photographPatch } from '../patches/photographs.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { keepBackgroundPicture, keepPatchPicture } from '../results/store/pictures.js'
import { availableCores } from '../support/machine.js'
import { type CheckedOptions, callback, type GivenOptions, oneOf, schemas } from '../support/optionChecks.js'
import { counted } from '../support/text.js'
import { anchorFile, arrayFile, extractFiles } from './extractFile.js'

/**
 * Number of batches that each worker computes between two writes to disk. `rows` yields features after at most this
 * number of batches per worker.
 */
const BATCHES_PER_ROUND = 64

export const PLACEMENT_OPTIONS = {
  /** Path of a picture, name of a built-in object, bytes of a picture file, or RGBA `{ data, width, height }`. */
  patch: z.custom<PatchInput>(isPatchInput, 'a path, a name, the bytes of a picture, or pixels').exactOptional(),
  /** Side of the square patch in pixels, from 1 to the side of the network's input; needed with `patch`. */
  size: z.number().exactOptional(),
  /**
   * Instead of `patch` and `size`: path of a photograph, over which the frame moves as a window. The photograph is
   * prepared as in `consistency`.
   */
  photograph: z.string().exactOptional(),
  /** Distance in pixels that the window can move along each axis; by default 32/224 of the frame's side, rounded. */
  margin: z.number().exactOptional(),
  /** Distance between neighbouring positions in pixels; 1 by default. */
  stride: z.number().default(1),
  /** Background of the object: `white` (default), `#rrggbb`, `noise:SEED` or the path of a picture. */
  background: z.string().default(WHITE),
  /** `hard` (default) draws pixels with alpha ≥ 128 and no others; `soft` mixes object and background by alpha. */
  blend: oneOf('blend', BLENDS).default('hard'),
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops the work after the current forward passes; the call rejects with the signal's reason. */
  signal: schemas.signal.exactOptional(),
}

/** An object, its background and its positions. */
export interface PlacementOptions extends GivenOptions<typeof PLACEMENT_OPTIONS> {}

const OUT = {
  /**
   * Folder for `<layer>.npy`, `anchors-<layer>.npy`, extract.json and pictures of object and background; by default
   * nothing is written.
   */
  out: z.string().exactOptional(),
}

export const EXTRACT_OPTIONS = { ...PLACEMENT_OPTIONS, ...OUT }

/** Options of `OpenNetwork.extract`. */
export interface NetworkExtractOptions extends GivenOptions<typeof OUT>, PlacementOptions {}

const ORDER = {
  /** `row-major` (default), or `coarse-to-fine`: first every 32nd position along both axes, then every 16th, etc. */
  order: oneOf('order', POSITION_ORDERS).default('row-major'),
}

export const ROW_OPTIONS = { ...PLACEMENT_OPTIONS, ...ORDER }

/** Options of `OpenNetwork.rows`. */
export interface RowOptions extends GivenOptions<typeof ORDER>, PlacementOptions {}

type Placement = CheckedOptions<typeof PLACEMENT_OPTIONS>

/** Features of one object at every position, and how they were computed. */
export interface Extraction extends ExecutionRecord {
  readonly model: string
  /** Side in pixels of the frame, which is the square image that the network takes. */
  readonly frame: number
  /** Side of the square patch, or of the whole photograph, in pixels. */
  readonly size: number
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  readonly rows: number
  readonly cols: number
  readonly layers: readonly {
    readonly name: string
    readonly dims: number
    /** Features in C order, possibly in a SharedArrayBuffer. The catalog's layers are read before ReLU and softmax. */
    readonly data: Float32Array
    readonly shape: readonly [rows: number, cols: number, dims: number]
    /** Features at the five anchors, [5, dims], in the order of `ANCHOR_NAMES`. The stride does not move the anchors. */
    readonly anchorFeatures: Float32Array
    /** Path of the .npy file; absent without `out`. */
    readonly file?: string
    /** Equivariance errors when the object moves by 1, 2, … px from the center; absent if they cannot be measured. */
    readonly equivariance?: readonly EquivarianceError[]
  }[]
  /**
   * Number of positions at which the network answered with each class. Absent if the network's classes are unknown, or
   * if the layer that predicts them is not read.
   */
  readonly answers?: AnswerCounts
  readonly settings: Settings
  /**
   * Number of images that this call computed: rows × cols and the anchors that are not on the grid, or fewer if it
   * resumed an earlier call.
   */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** Features of some positions, delivered as soon as they are computed. */
export interface FeatureRows {
  /** Row and column of each position in pixels; shape [count, 2]. */
  readonly positions: Int32Array
  /** Index of each position in the grid, counted in row-major order; shape [count]. */
  readonly indices: Int32Array
  readonly layers: readonly {
    readonly name: string
    readonly dims: number
    /** Features in C order; shape [count, dims]. */
    readonly data: Float32Array
  }[]
}

/** Similarity maps of one object, without its features. */
export interface NetworkComparison {
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Similarity maps, one entry per layer in the network's order. Anchors are in pixels. */
  readonly layers: readonly (SimilarityMaps & { readonly name: string; readonly dims: number })[]
}

export interface PlacedPatch {
  readonly scene: Scene
  readonly grid: PositionGrid
  /** The inputs that determine the features of a given network: patch, background and kind of blending. */
  readonly origin: { readonly patch: string; readonly patchSha256: string; readonly background: string } & Pick<
    Scene,
    'blend'
  >
}

export async function placePatch(network: Network, options: Placement): Promise<PlacedPatch> {
  const { stride, blend, signal } = options
  const frameSide = network.input.rows
  const { patch, title } = await movedPatch(options, frameSide)
  // A photograph hides the background.
  const { identity, background } = await readBackground(
    patch.size > frameSide ? WHITE : options.background,
    frameSide,
    signal,
  )
  const grid = positionGrid(frameSide, patch.size, stride)
  checkMemory(network, grid)
  const origin = { patch: title, patchSha256: patch.sha256, background: identity, blend }
  return { scene: sceneOf(patch, background, blend), grid, origin }
}

async function movedPatch(
  { patch, size, photograph, margin, blend, signal }: Placement,
  frameSide: number,
): Promise<{ readonly patch: Patch; readonly title: string }> {
  if (photograph !== undefined) {
    if (patch !== undefined || size !== undefined)
      throw UsageError.of`\`photograph\` replaces \`patch\` and \`size\`; leave out one or the other`
    const file = { name: basename(photograph), path: photograph }
    return { patch: await photographPatch(file, frameSide, margin, signal), title: photograph }
  }
  if (margin !== undefined) throw UsageError.of`\`margin\` is for photographs; leave it out, or give \`photograph\``
  if (patch === undefined || size === undefined) throw UsageError.of`give \`patch\` and \`size\`, or \`photograph\``
  return { patch: await patchOf(patch, size, frameSide, blend, signal), title: patchTitle(patch) }
}

/**
 * Extracts features at all positions. With `out`, finished features are saved regularly, so that a later call can
 * resume an interrupted one.
 */
export async function extractPlaced(
  handle: NetworkHandle,
  { scene, grid, origin }: PlacedPatch,
  { stride, out, onProgress, signal }: CheckedOptions<typeof EXTRACT_OPTIONS>,
): Promise<Extraction> {
  const { network } = handle
  const progress = progressTo(onProgress)
  const fullOrigin = { ...origin, ...networkOrigin(network, handle.ran().precision) }
  const positions = grid.rows * grid.cols
  const total = grid.offsets.length / 2
  const partial =
    out === undefined ? undefined : await openPartial(out, network, grid, fullOrigin, { note: progress.note, signal })
  try {
    const start = performance.now()
    const left = rowsLeft(total, partial?.done)
    const before = total - left.length
    if (before > 0) progress.note(`resuming: ${before} of ${counted(total, 'image')} are finished`)
    if (partial?.damaged)
      progress.note(
        `${out} has damaged features of ${counted(partial.damaged, 'image')}; Shiftscope computes these features again`,
      )
    const atATime = handle.settings.batch * handle.settings.workers * BATCHES_PER_ROUND
    const saving = partial && savingRows(partial, left, atATime)
    const { layers, finished } = await handle
      .extract(scene, offsetsAt(grid.offsets, left), {
        whole: grid.offsets,
        ...extractionPhases(progress, network.id, left.length),
        ...(saving && { onRows: saving.add, onFailure: saving.end }),
        signal: saving ? anySignal(signal, saving.failed) : signal,
      })
      // This saves the finished rows even if the work failed or was aborted.
      .finally(() => saving?.end())
    if (finished < left.length) throwIfStopped(signal)
    const matrices =
      partial === undefined || before === 0
        ? layers.map(({ matrix }) => matrix)
        : await joined(partial, layers, left, total)
    const onGrid = layers.map(({ dims }, i) => matrices[i]!.subarray(0, positions * dims))
    const seconds = (performance.now() - start) / 1000
    const equivariance = await measureEquivariance(handle, scene, signal)
    const answers = await answerCounts(network, matrices, positions)
    const extraction = {
      model: network.id,
      frame: network.input.rows,
      size: scene.patch.size,
      stride,
      rows: grid.rows,
      cols: grid.cols,
      layers: layers.map(({ name, dims }, i) => ({
        name,
        dims,
        data: onGrid[i]!,
        shape: [grid.rows, grid.cols, dims] as const,
        anchorFeatures: featuresAt(matrices[i]!, dims, grid.anchors),
        ...(out !== undefined && { file: join(out, arrayFile(name)) }),
        ...(equivariance[i]?.length && { equivariance: equivariance[i] }),
      })),
      ...(answers && { answers }),
      settings: handle.settings,
      images: left.length,
      seconds,
      imagesPerSecond: left.length / seconds,
      ...handle.ran(),
    }
    if (out !== undefined) await keepPictures(out, scene, origin.background, extraction.frame)
    await partial?.finish(...extractFiles(extraction, fullOrigin))
    return extraction
  } finally {
    progress.stop()
    await partial?.close()
  }
}

/** Shows the phases of an extraction: the layers that images share, if any, counted in passes, and then the images. */
function extractionPhases(progress: Progress, id: string, images: number) {
  let phase: 'shared layers' | 'images' | undefined
  return {
    onShared: (done: number, passes: number) => {
      if (phase === 'images') return
      if (phase === undefined) progress.start(`${id}, shared layers`, passes, { unit: 'passes', before: 0 })
      phase = 'shared layers'
      progress.update(done, null)
    },
    onImages: (done: number) => {
      if (phase === 'shared layers') progress.stop()
      if (phase !== 'images') progress.start(id, images)
      phase = 'images'
      progress.update(done)
    },
  }
}

async function keepPictures(out: string, { patch, background }: Scene, identity: string, frameSide: number) {
  await keepPatchPicture(out, patch)
  await keepBackgroundPicture(out, { identity, background }, frameSide)
}

/** Properties of the network that determine its features, such as weights and precision. extract.json records them. */
function networkOrigin(network: Network, precision: Precision) {
  const tokens = allTokensText(network.layers)
  return {
    ...(precision === 'fp16' && { precision }),
    ...(network.pool && { pool: network.pool }),
    ...(tokens && { tokens }),
    input: recipeText(network.input),
    inputSource: network.inputSource,
    weights: network.weightsPath,
    weightsSha256: network.weightsSha256,
  }
}

/** Reads the features that earlier calls saved, and adds those of this call. `computed` has the row of each. */
async function joined(
  partial: PartialArrays,
  layers: Features['layers'],
  computed: Int32Array,
  total: number,
): Promise<readonly Float32Array[]> {
  const matrices: Float32Array[] = []
  for (const [i, { matrix, dims }] of layers.entries()) {
    const whole = await partial.read(i, total)
    for (const [at, row] of computed.entries()) whole.set(matrix.subarray(at * dims, (at + 1) * dims), row * dims)
    matrices.push(whole)
  }
  return matrices
}

/**
 * Indices of the images whose features are not saved yet, ascending. Anchors that are not on the grid come last. Their
 * few images are always computed, because only features on the grid are saved.
 */
function rowsLeft(rows: number, done: Uint8Array | undefined): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row).filter((row) => done?.[row] !== 1)
}

function anySignal(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other])
}

/**
 * Writes many rows at a time, while later rows are computed. `places` has the index of each row in the files. Rows
 * beyond the end of the files are not written.
 */
function savingRows(partial: PartialArrays, places: Int32Array, atATime: number) {
  const failed = new AbortController()
  let pending: RowPlace[] = []
  let matrices: readonly Float32Array[] = []
  let writing: Promise<void> = Promise.resolve()
  const write = () => {
    const rows = pending
    pending = []
    if (rows.length > 0) writing = writing.then(() => partial.write(rows, matrices))
    writing.catch(() => failed.abort())
  }
  return {
    /** Aborted when writing has failed. `end` then rejects with the cause. */
    failed: failed.signal,
    add: (rows: Int32Array, from: readonly Float32Array[]) => {
      matrices = from
      const placed = [...rows].map((from) => ({ row: places[from]!, from }))
      pending.push(...placed.filter(({ row }) => row < partial.done.length))
      if (pending.length >= atATime) write()
    },
    /** Writes the rows that are left, before their matrices are used for anything else. */
    end: () => {
      write()
      return writing
    },
  }
}

/** Computes the same features as `extractPlaced`, but yields them many positions at a time and keeps none. */
export async function* rows(
  handle: NetworkHandle,
  scene: Scene,
  grid: PositionGrid,
  { order, onProgress, signal }: CheckedOptions<typeof ROW_OPTIONS>,
): AsyncGenerator<FeatureRows, void, undefined> {
  const progress = progressTo(onProgress)
  const indices = orderedPositions(grid, order)
  const { batch, workers } = handle.settings
  progress.start(handle.network.id, indices.length)
  try {
    // The first round has one batch per worker, so that the first features come early. Later rounds are longer, because
    // workers wait for each other at the end of each round.
    for (let done = 0, round = 1; done < indices.length; round = Math.min(2 * round, BATCHES_PER_ROUND)) {
      throwIfStopped(signal)
      const chosen = indices.subarray(done, done + batch * workers * round)
      const positions = offsetsAt(grid.offsets, chosen)
      const before = done
      const { layers, finished, release } = await handle.extract(scene, positions, {
        whole: grid.offsets,
        onImages: (images) => progress.update(before + images),
        signal,
      })
      const data = layers.map(({ name, dims, matrix }) => ({
        name,
        dims,
        data: Float32Array.from(matrix.subarray(0, finished * dims)),
      }))
      release()
      done += finished
      if (finished > 0)
        yield { positions: positions.subarray(0, 2 * finished), indices: chosen.slice(0, finished), layers: data }
    }
  } finally {
    progress.stop()
  }
}

export async function comparePositions(
  handle: NetworkHandle,
  scene: Scene,
  grid: PositionGrid,
  { onProgress, signal }: Placement,
): Promise<NetworkComparison> {
  const { network } = handle
  const progress = progressTo(onProgress)
  const phases = extractionPhases(progress, network.id, grid.offsets.length / 2)
  const features = await handle.extract(scene, grid.offsets, { ...phases, signal }).finally(() => progress.stop())
  try {
    if (features.finished < grid.offsets.length / 2) throwIfStopped(signal)
    const layers: NetworkComparison['layers'][number][] = []
    for (const given of features.layers) {
      const layer = comparedFeatures(given, network.head)
      const onGrid = extractedGrid(grid, layer, `${network.id} ${layer.name}, ${scene.patch.name}`)
      layers.push({ name: layer.name, dims: layer.dims, ...(await similarityMaps(onGrid, availableCores())) })
    }
    return { rows: grid.rows, cols: grid.cols, stride: grid.stride, layers }
  } finally {
    features.release()
  }
}

function openPartial(out: string, network: Network, grid: PositionGrid, origin: object, options: FolderLockOptions) {
  const { rows, cols, stride } = grid
  const specs = network.layers.map(({ name, dims }) => ({
    file: arrayFile(name),
    shape: [rows, cols, dims],
    rows: rows * cols,
    dims,
  }))
  for (const { name } of network.layers)
    if (specs.some(({ file }) => file === anchorFile(name)))
      throw UsageError.of`${anchorFile(name)} would hold both a layer and the features of ${name} at the anchors; choose other \`layers\``
  const identity = sha256(JSON.stringify({ ...origin, model: network.id, rows, cols, stride, specs }))
  return openPartialArrays(out, identity, specs, options)
}
