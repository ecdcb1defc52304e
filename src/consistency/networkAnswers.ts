import { join } from 'node:path'
import { openExecution } from '../engine/choice.js'
import type { ExtractionOptions } from '../engine/crew.js'
import type { DeviceRequest } from '../engine/device.js'
import type { Features } from '../engine/features.js'
import type { ExecutionRecord, NetworkHandle } from '../engine/handle.js'
import { pixelScene } from '../engine/scene.js'
import { InputError, throwIfStopped } from '../errors.js'
import { classProbabilities } from '../experiments/answers.js'
import { boxAt, comparedFeatures } from '../experiments/detections.js'
import { type Classes, type Network, NO_ANSWER, recipeText } from '../networks/index.js'
import { readBackground } from '../patches/background.js'
import type { Image } from '../patches/image.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import { type HashedPhotograph, type PhotographFile, readPhotograph, sourceSide } from '../patches/photographs.js'
import { progressTo } from '../progress.js'
import { fileName } from '../results/fileName.js'
import { type AnswerStore, KEEPS_NOTHING, openAnswerStore, type StoredPhotograph } from './answerStore.js'
import { type Labels, rightClasses } from './labels.js'
import type { CheckedConsistency } from './options.js'
import { answerOf, photographAnswers, photographMeasures, type Seen } from './photographAnswers.js'
import { type FramePiece, framePieces, mostFrames } from './pieces.js'
import { columnsOf, keptValues, type Protocol, type ProtocolSetting, type Shift, withAllMeasures } from './protocols.js'
import type { MeasuredPhotograph, NetworkConsistency } from './result.js'

export interface Classifier extends Network {
  readonly classes: Classes
}

/** @throws InputError for a network without class scores */
export function classifierOf(network: Network, options: Pick<CheckedConsistency, 'layers'>): Classifier {
  const { classes, layers } = network
  const layer = layers.find(({ name }) => name === classes?.layer)
  if (classes !== undefined && layer !== undefined) return { ...network, classes, layers: [layer] }
  const has = options.layers === undefined ? 'no output' : `no output among \`layers ${options.layers.join(',')}\``
  if (layers.at(-1)?.dims === 1)
    throw new InputError(`${network.id} has an output of one value for each image, ${NO_ANSWER}`)
  throw new InputError(
    `${network.id} has ${has} that holds class scores, so it gives no answers to compare; use a classifier, or say which output has them with \`outputKind NAME=scores\``,
  )
}

/** The answers of one network to all photographs. */
export interface NetworkAnswers {
  readonly network: Classifier
  readonly protocols: readonly Protocol[]
  readonly setting: ProtocolSetting
  readonly files: readonly HashedPhotograph[]
  /** Measured photographs with the index of their row in `store`, by name. */
  readonly measured: Map<string, MeasuredPhotograph & Pick<StoredPhotograph, 'row'>>
  readonly store: AnswerStore
  readonly labels: Labels | undefined
  /** The right classes of the photographs that have labels, by name; undefined without labels. */
  readonly right: ReadonlyMap<string, readonly number[]> | undefined
}

type Described = Pick<
  NetworkConsistency,
  'model' | 'weightsSha256' | 'frame' | 'input' | 'layer' | 'scores' | 'threshold'
>

/** The work on one network. */
export interface NetworkJob extends NetworkAnswers {
  /** The settings that the answers depend on. */
  readonly origin: Described & {
    readonly protocols: readonly string[]
    readonly draws: number
    readonly seed: number
    readonly background: string
    readonly precision: string
  }
  readonly left: readonly PhotographFile[]
  /** Number of frames of a photograph. */
  readonly perPhotograph: number
  readonly request: DeviceRequest
  readonly options: CheckedConsistency
}

interface JobPlan extends Pick<NetworkJob, 'files' | 'labels' | 'request' | 'options'> {
  readonly chosen: readonly Protocol[]
  readonly draws: number
}

/** Folder with the files of one network. */
export function networkFolder(out: string, model: string): string {
  return join(out, 'networks', fileName(model))
}

/**
 * Finds what is left to measure. Close the store of the job after use.
 * @throws UsageError if the folder has answers with other settings
 */
export async function openJob(network: Classifier, plan: JobPlan): Promise<NetworkJob> {
  const { chosen, draws, files, labels, request, options } = plan
  const { seed, out, signal } = options
  const frame = network.input.rows
  const { identity, background } = await readBackground(options.background, frame, signal)
  const has = { labels: labels !== undefined, boxes: network.detector !== undefined }
  const columns = columnsOf(has)
  const setting = { frame, draws, background, columns }
  const protocols = withAllMeasures(chosen, has)
  const right = labels && rightClasses(labels, network)
  const origin = {
    model: network.id,
    weightsSha256: network.weightsSha256,
    frame,
    input: recipeText(network.input),
    layer: network.classes.layer,
    scores: network.classes.scores,
    ...(network.detector && { threshold: network.detector.threshold }),
    protocols: protocols.map(({ name }) => name),
    draws,
    seed,
    background: identity,
    precision: request.precision,
  }
  const length = protocols.reduce((sum, protocol) => sum + keptValues(protocol, setting), 0)
  const { note } = progressTo(options.onProgress)
  const store =
    out === undefined
      ? KEEPS_NOTHING
      : await openAnswerStore(networkFolder(out, network.id), origin, length, { note, signal })
  const answers = { network, protocols, setting, files, measured: new Map(), store, labels, right }
  try {
    await findStored(answers, length, signal)
  } catch (error) {
    await store.close()
    throw error
  }
  const left = files.filter(({ name }) => !answers.measured.has(name))
  const perPhotograph = protocols.reduce((sum, { count }) => sum + count(setting), 0)
  return { ...answers, origin, left, perPhotograph, request, options }
}

/** Finds the photographs whose answers were stored for the content and the labels that they have now. */
async function findStored(answers: NetworkAnswers, length: number, signal: AbortSignal | undefined): Promise<void> {
  const { protocols, setting, files, measured, store, right } = answers
  for (const { name, sha256 } of files) {
    if (sha256 === undefined) continue
    throwIfStopped(signal)
    const classes = right?.get(name)
    const same = store.find(sha256).find((candidate) => String(candidate.right) === String(classes))
    if (same === undefined) continue
    const values = photographMeasures(protocols, setting, classes, await store.read(same.row, 0, length))
    measured.set(name, { name, sha256, values, row: same.row })
  }
}

function openFor({ network, request, options }: NetworkJob, sample: Image, images: number) {
  const { onProgress, signal } = options
  return openExecution({
    network,
    images,
    request,
    wished: options,
    // Frames are drawn from different photographs, so only the windows of one photograph share values.
    reuse: options.exact ? 'auto' : 'off',
    scene: pixelScene(sample.rows, sample.data),
    onNote: (line) => progressTo(onProgress).note(line),
    ...(signal && { signal }),
  })
}

async function firstReadable(files: readonly PhotographFile[], frame: number, signal?: AbortSignal): Promise<Image> {
  let first: InputError | undefined
  for (const file of files)
    try {
      return (await readPhotograph(file, frame, sourceSide(frame), signal)).image
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      first ??= error
    }
  throw files.length === 1
    ? (first as InputError)
    : new InputError(`none of the ${files.length} photographs can be used. Error for the first one: ${first?.message}`)
}

type Run = Pick<NetworkConsistency, 'failed' | 'settings' | 'images' | 'seconds' | 'imagesPerSecond'> & ExecutionRecord

/** Shows how many images of a network are finished. */
interface Phase {
  start(): void
  update(images: number): void
  stop(): void
}

/**
 * Measures the photographs that are left, and adds them to `measured`. Two pieces of their frames run at a time, so that
 * workers do not wait at the end of a piece. Meanwhile, the next piece is prepared.
 */
export async function measureLeft(job: NetworkJob, phase: Phase): Promise<Run> {
  const { network, files, protocols, setting, left, perPhotograph, options } = job
  const { onProgress, seed, signal } = options
  const sample = await firstReadable(files, setting.frame, signal)
  const handle = await openFor(job, sample, left.length * perPhotograph)
  const failed: PatchFailure[] = []
  const onFailure = (failure: PatchFailure) => {
    progressTo(onProgress).note(`skipping a photograph: ${failure.reason}`)
    failed.push(failure)
  }
  const most = mostFrames(network, handle.settings)
  const pieces = framePieces(left, { protocols, setting, seed, most, onFailure, signal })
  const next = () => {
    const piece = pieces.next()
    // Whoever awaits the piece gets its error. Until then, Node must not report an unhandled rejection.
    piece.catch(() => undefined)
    return piece
  }
  const take = takingAnswers(job)
  const start = performance.now()
  let images = 0
  let seconds = 0
  const running: RunningPiece[] = []
  const startPiece = (piece: FramePiece) => {
    const finished = { frames: 0 }
    const onImages = (done: number) => {
      finished.frames = done
      phase.update(running.reduce((sum, { finished }) => sum + finished.frames, images + failed.length * perPhotograph))
    }
    const features = featuresOf(piece, handle, { onImages, signal })
    features.catch(() => undefined)
    running.push({ piece, finished, features })
  }
  /** Takes the answers of the oldest pieces, until `most` pieces are running. */
  const takeUntil = async (most: number) => {
    while (running.length > most) {
      const { piece, features } = running[0] as RunningPiece
      await takePiece(piece, await features, take, signal)
      running.shift()
      images += piece.photographs.length
    }
  }
  try {
    phase.start()
    let coming = next()
    for (let piece = (await coming).value; piece; piece = (await coming).value) {
      coming = next()
      // Windows have workers of their own, so they would compete with other pieces.
      if (piece.windows) await takeUntil(0)
      startPiece(piece)
      await takeUntil(piece.windows ? 0 : 1)
    }
    await takeUntil(0)
    seconds = (performance.now() - start) / 1000
  } finally {
    await Promise.allSettled(running.map(({ features }) => features))
    phase.stop()
    await handle.close()
  }
  // The record of reuse is left out, because it would differ if a call only continues an earlier one.
  const { reuse: _, ...ran } = handle.ran()
  return { failed, settings: handle.settings, images, seconds, imagesPerSecond: images / seconds, ...ran }
}

interface RunningPiece {
  readonly piece: FramePiece
  readonly finished: { readonly frames: number }
  readonly features: Promise<Features>
}

type TakeAnswers = (photographs: FramePiece['photographs'], matrix: Float32Array, dims: number) => Promise<void>

function featuresOf({ frames, windows }: FramePiece, handle: NetworkHandle, options: ExtractionOptions) {
  if (windows) return handle.extract(windows.scene, windows.offsets, { ...options, whole: windows.whole })
  // The last piece may have a single frame. It runs twice, so that it is rounded like images in a batch.
  return handle.encode(frames.length === 1 ? [...frames, ...frames] : frames, options)
}

/** If the work is stopped, only photographs whose frames are all finished are stored. */
async function takePiece(
  { photographs }: FramePiece,
  { layers, finished, release }: Features,
  take: TakeAnswers,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [{ matrix = new Float32Array(), dims = 0 } = {}] = layers
  await take(photographs.slice(0, finished), matrix, dims)
  release()
  if (finished < photographs.length) throwIfStopped(signal)
}

/** Returns a function that takes the answers of one piece after the other, and stores those of complete photographs. */
function takingAnswers({ network, protocols, setting, measured, store, right: all }: NetworkAnswers): TakeAnswers {
  const {
    id,
    classes: { layer: name, scores },
    detector,
  } = network
  const begin = (photograph: string) => {
    const right = all?.get(photograph)
    return { name: photograph, right, answers: photographAnswers(protocols, setting, right) }
  }
  /** The photograph whose frames are being run. */
  let current: ReturnType<typeof begin> | undefined
  return async (photographs, matrix, dims) => {
    const layer = comparedFeatures({ name, matrix, dims }, detector)
    const { dims: classes, detections } = layer
    const probabilities = classProbabilities(layer.matrix, photographs.length, classes, scores, `${id} ${name}`)
    for (const [frame, photograph] of photographs.entries()) {
      const own = probabilities.subarray(frame * classes, (frame + 1) * classes)
      if (!own.every(Number.isFinite))
        throw new InputError(
          `${id} gives NaN or infinite values for ${photograph.name}; check the network's weights and input options`,
        )
      const { name, sha256, moved } = photograph
      if (current?.name !== name) current = begin(name)
      const { answers, right } = current
      answers.take(own, detector && detections && seenIn(detections, frame, own, detector.threshold, moved))
      if (!answers.isComplete()) continue
      const stored = Float32Array.from(answers.row)
      const row = await store.add({ sha256, ...(right && { right }) }, stored)
      measured.set(name, { name, sha256, values: photographMeasures(protocols, setting, right, stored), row })
    }
  }
}

/** What a detector sees in a frame, with its best box moved back to where it is in the photograph. */
function seenIn(
  detections: Float32Array,
  frame: number,
  probabilities: Float64Array,
  threshold: number,
  { rows, cols }: Shift,
): Seen {
  const classes = probabilities.length
  const { answer } = answerOf(frame, probabilities)
  if ((probabilities[answer] as number) < threshold) return { answer: classes }
  const [left, top, right, bottom] = boxAt(detections, frame, classes, answer)
  return { answer, box: [left - cols, top - rows, right - cols, bottom - rows] }
}
