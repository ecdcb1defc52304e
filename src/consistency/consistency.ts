import { z } from 'zod'
import { openExecution } from '../engine/choice.js'
import { type DeviceRequest, parseDevice } from '../engine/device.js'
import type { ExecutionRecord, NetworkHandle } from '../engine/handle.js'
import { NOTHING, sceneOf } from '../engine/scene.js'
import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { classProbabilities } from '../experiments/answers.js'
import { boxAt, comparedFeatures } from '../experiments/detections.js'
import { backgroundPixels } from '../experiments/scenePatches.js'
import { NETWORK_OPTIONS, type NetworkOptions } from '../features/openNetwork.js'
import { sha256OfFile } from '../files/sha256.js'
import { type Classes, chooseNetwork, type Network, networkNotes, recipeText } from '../networks/index.js'
import { readBackground } from '../patches/background.js'
import type { Image } from '../patches/image.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import { findPhotographs, type PhotographFile, readPhotograph, sourceSide } from '../patches/photographs.js'
import { progressTo } from '../progress.js'
import { checkCount } from '../support/checks.js'
import { type CheckedOptions, type GivenOptions, oneOf, parseOptions } from '../support/optionChecks.js'
import { counted } from '../support/text.js'
import { type AnswerStore, type Answers, KEEPS_NOTHING, openAnswerStore, type StoredPhotograph } from './answerStore.js'
import { cropped } from './crop.js'
import { writeResults } from './document.js'
import { type PhotographAnswers, photographAnswers } from './photographAnswers.js'
import { type FramePiece, framePieces, mostFrames } from './pieces.js'
import {
  answerOf,
  EXACT_CROP,
  type FrameAnswer,
  PROTOCOL_NAMES,
  PROTOCOLS,
  type Protocol,
  type Shift,
  withBoxes,
} from './protocols.js'
import { type Consistency, summary } from './result.js'

const OPTIONS = {
  /** Photographs: a folder (with its subfolders), a text file with one path per line, or a single picture file. */
  photographs: z.string(),
  /** The network, in any form that `openNetwork` accepts. It must be a classifier. */
  model: z.string(),
  /** Ways to shift the photographs; `crop` and `diagonal` by default. */
  protocols: z.array(oneOf('protocol', PROTOCOL_NAMES)).min(1).readonly().default(['crop', 'diagonal']),
  /**
   * Computes `crop` over all of its windows: the exact chance that two random crops get the same answer, as protocol
   * `crop-exact`. If `draws` is stated, too, the sampled protocol `crop` is measured beside it. False by default.
   */
  exact: z.boolean().default(false),
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`; 5 by default, at most 10,000,000. */
  draws: z.number().exactOptional(),
  /**
   * Seed of the random shifts; 0 by default. A photograph's shifts depend on the seed and on the photograph's name, not
   * on other photographs.
   */
  seed: z.number().default(0),
  /** Background for the protocol `embed`, in any form that `extract` accepts; black by default. */
  background: z.string().default('#000000'),
  /** Folder for consistency.json, photographs.csv, index.html and `<protocol>.npy`; by default nothing is written. */
  out: z.string().exactOptional(),
}

const { pool, reuse, ...SHARED_OPTIONS } = NETWORK_OPTIONS

/** Options of `consistency`. */
export interface ConsistencyOptions extends GivenOptions<typeof OPTIONS>, Omit<NetworkOptions, 'pool' | 'reuse'> {}

type Checked = CheckedOptions<typeof OPTIONS & typeof SHARED_OPTIONS>

/** Largest number of draws. With so many, the standard error of a photograph's agreement is below 0.02 points. */
const MOST_DRAWS = 10_000_000

/**
 * Measures how often a network changes its answer when photographs are shifted, with the usual protocols of the
 * literature (see `PROTOCOLS`). Answers that earlier calls with the same settings stored in `out` are used again.
 * @throws UsageError for invalid options, or if `out` has results of another network or other settings
 * @throws InputError for missing or damaged files, if no photograph can be used, or if the network is no classifier
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws the signal's reason after an abort
 */
export async function consistency(options: ConsistencyOptions): Promise<Consistency> {
  const checked = parseOptions(options, { ...OPTIONS, ...SHARED_OPTIONS })
  const { draws = 5, seed, background, out, signal } = checked
  const chosen = chosenProtocols(checked)
  checkCount('draws', draws)
  if (draws > MOST_DRAWS) throw new UsageError(`\`draws ${draws}\` is too large; use at most ${MOST_DRAWS}`)
  const request = parseDevice(checked.device, checked.precision)
  const { note } = progressTo(checked.onProgress)
  const files = await findPhotographs(checked.photographs, note)
  const network = await classifier(checked)
  networkNotes(network).forEach(note)
  const frame = network.input.rows
  const { identity, background: behind } = await readBackground(background, frame, signal)
  const setting = { frame, draws, background: backgroundPixels(behind, frame) }
  const protocols = network.detector ? chosen.map(withBoxes) : chosen
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
  const length = protocols.reduce((sum, { kept }) => sum + kept(setting), 0)
  const store = out === undefined ? KEEPS_NOTHING : await openAnswerStore(out, origin, length, { note, signal })
  try {
    const measured = await storedAnswers(files, store, signal)
    if (measured.size > 0) note(`resuming: ${measured.size} of ${counted(files.length, 'photograph')} are finished`)
    const answers = { protocols, setting, files, measured, store }
    const run = await measureAll(answers, { network, request, seed, options: checked })
    const inOrder = files.flatMap(({ name }) => measured.get(name) ?? [])
    const result = { ...origin, ...summary(protocols, inOrder), ...run }
    if (out !== undefined) await writeResults(out, result, answers, network)
    return result
  } finally {
    await store.close()
  }
}

function chosenProtocols({ protocols: names, exact, draws }: Checked): readonly Protocol[] {
  if (exact && !names.includes('crop'))
    throw new UsageError('`exact` works only with the protocol crop; add it to `protocols`')
  const chosen = PROTOCOLS.filter(({ name }) => names.some((asked) => asked === name))
  if (!exact) return chosen
  const crop = (protocol: Protocol) => (draws === undefined ? [EXACT_CROP] : [protocol, EXACT_CROP])
  return chosen.flatMap((protocol) => (protocol.name === 'crop' ? crop(protocol) : [protocol]))
}

interface Classifier extends Network {
  readonly classes: Classes
}

async function classifier(options: Checked): Promise<Classifier> {
  const network = await chooseNetwork({ ...options, weightsOption: 'weights FILE' })
  const { classes, layers } = network
  const layer = layers.find(({ name }) => name === classes?.layer)
  if (classes !== undefined && layer !== undefined) return { ...network, classes, layers: [layer] }
  const has = options.layers === undefined ? 'no output' : `no output among \`layers ${options.layers.join(',')}\``
  throw new InputError(
    `${network.id} has ${has} that holds class scores, so it gives no answers to compare; use a classifier, or say which output has them with \`outputKind NAME=scores\``,
  )
}

function openFor({ network, request, options }: Work, sample: Image, images: number) {
  const { onProgress, signal } = options
  return openExecution({
    network,
    images,
    request,
    wished: options,
    // Frames are drawn from different photographs, so only the windows of one photograph share values.
    reuse: options.exact ? 'auto' : 'off',
    scene: sceneOf(NOTHING, { image: cropped(sample, network.input.rows, 0, 0) }),
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

/** Finds the photographs whose answers were stored for the content that their files have now. */
async function storedAnswers(
  files: readonly PhotographFile[],
  store: AnswerStore,
  signal: AbortSignal | undefined,
): Promise<Map<string, StoredPhotograph>> {
  const found = new Map<string, StoredPhotograph>()
  for (const { name, path } of files) {
    const candidates = store.find(name)
    if (candidates.length === 0) continue
    throwIfStopped(signal)
    // A file that cannot be read is reported later, with those that are measured now.
    const sha256 = await sha256OfFile(path).catch(() => undefined)
    const same = candidates.find((candidate) => candidate.sha256 === sha256)
    if (same !== undefined) found.set(name, same)
  }
  return found
}

interface Work {
  readonly network: Classifier
  readonly request: DeviceRequest
  readonly seed: number
  readonly options: Checked
}

type Run = Pick<Consistency, 'failed' | 'settings' | 'images' | 'seconds' | 'imagesPerSecond'> & ExecutionRecord

/**
 * Measures all photographs that are not in `measured`, and adds them to it. While a piece of their frames runs, the next
 * one is drawn.
 */
async function measureAll(answers: Answers, work: Work): Promise<Run> {
  const { files, protocols, setting, measured } = answers
  const { network, seed, options } = work
  const { onProgress, signal } = options
  const progress = progressTo(onProgress)
  const perPhotograph = protocols.reduce((sum, { count }) => sum + count(setting), 0)
  const left = files.filter(({ name }) => !measured.has(name))
  const sample = await firstReadable(files, setting.frame, signal)
  const handle = await openFor(work, sample, left.length * perPhotograph)
  const failed: PatchFailure[] = []
  const onFailure = (failure: PatchFailure) => {
    progress.note(`skipping a photograph: ${failure.reason}`)
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
  const take = takingAnswers(answers, network)
  const start = performance.now()
  let images = 0
  try {
    progress.start(network.id, left.length * perPhotograph)
    let coming = next()
    for (let piece = (await coming).value; piece; piece = (await coming).value) {
      coming = next()
      const onImages = (done: number) => progress.update(images + done + failed.length * perPhotograph)
      await runPiece(piece, handle, take, { onImages, signal })
      images += piece.photographs.length
    }
  } finally {
    progress.stop()
    await handle.close()
  }
  const seconds = (performance.now() - start) / 1000
  // The record of reuse is left out, because it would differ if a call only continues an earlier one.
  const { reuse: _, ...ran } = handle.ran()
  return { failed, settings: handle.settings, images, seconds, imagesPerSecond: images / seconds, ...ran }
}

type TakeAnswers = (photographs: FramePiece['photographs'], matrix: Float32Array, dims: number) => Promise<void>

/** If the work is stopped, only photographs whose frames are all finished are stored. */
async function runPiece(
  { frames, photographs, windows }: FramePiece,
  handle: NetworkHandle,
  take: TakeAnswers,
  options: { readonly onImages: (done: number) => void; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { layers, finished, release } = await (windows
    ? handle.extract(windows.scene, windows.offsets, { ...options, whole: windows.whole })
    : // The last piece may have a single frame. It runs twice, so that it is rounded like images in a batch.
      handle.encode(frames.length === 1 ? [...frames, ...frames] : frames, options))
  const [{ matrix = new Float32Array(), dims = 0 } = {}] = layers
  await take(photographs.slice(0, finished), matrix, dims)
  release()
  if (finished < photographs.length) throwIfStopped(options.signal)
}

/** Returns a function that takes the answers of one piece after the other, and stores those of complete photographs. */
function takingAnswers(
  { protocols, setting, measured, store }: Answers,
  { id, classes: { layer: name, scores }, detector }: Classifier,
): TakeAnswers {
  let current: { readonly name: string; readonly answers: PhotographAnswers } | undefined
  return async (photographs, matrix, dims) => {
    const layer = comparedFeatures({ name, matrix, dims }, detector)
    const { dims: classes, detections } = layer
    const probabilities = classProbabilities(layer.matrix, photographs.length, classes, scores, `${id} ${name}`)
    let pending: number[] = []
    for (const [frame, photograph] of photographs.entries()) {
      const own = probabilities.subarray(frame * classes, (frame + 1) * classes)
      if (!own.every(Number.isFinite))
        throw new InputError(
          `${id} gives NaN or infinite values for ${photograph.name}; check the network's weights and input options`,
        )
      const { name, sha256, moved } = photograph
      if (current?.name !== name) current = { name, answers: photographAnswers(protocols, setting) }
      const seen = detector && detections && seenIn(detections, frame, own, detector.threshold, moved)
      pending.push(...current.answers.take(own, seen))
      const values = current.answers.values()
      if (values === undefined && frame < photographs.length - 1) continue
      await store.append(pending)
      pending = []
      if (values !== undefined) measured.set(name, await store.commit({ name, sha256, values }))
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
): Pick<FrameAnswer, 'answer' | 'box'> {
  const classes = probabilities.length
  const { answer } = answerOf(frame, probabilities)
  if ((probabilities[answer] as number) < threshold) return { answer: classes }
  const [left, top, right, bottom] = boxAt(detections, frame, classes, answer)
  return { answer, box: [left - cols, top - rows, right - cols, bottom - rows] }
}
