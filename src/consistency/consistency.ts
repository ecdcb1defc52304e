import { z } from 'zod'
import { openExecution } from '../engine/choice.js'
import { type DeviceRequest, parseDevice } from '../engine/device.js'
import type { ExecutionRecord, NetworkHandle } from '../engine/handle.js'
import { NOTHING, sceneOf } from '../engine/scene.js'
import type { Frame } from '../engine/task.js'
import { InputError, throwIfStopped } from '../errors.js'
import { classProbabilities } from '../experiments/answers.js'
import { randomNumbers } from '../experiments/randomNumbers.js'
import { backgroundPixels } from '../experiments/scenePatches.js'
import { NETWORK_OPTIONS, type NetworkOptions } from '../features/openNetwork.js'
import { openPartialArrays, type PartialArrays } from '../files/partialArrays.js'
import { sha256 } from '../files/sha256.js'
import { type Classes, chooseNetwork, type Network, networkNotes, recipeText } from '../networks/index.js'
import { readBackground } from '../patches/background.js'
import type { Image } from '../patches/image.js'
import { type PatchFailure, reasonOf } from '../patches/patchFolder.js'
import { progressTo } from '../progress.js'
import { checkCount } from '../support/checks.js'
import { type CheckedOptions, type GivenOptions, oneOf, parseOptions } from '../support/optionChecks.js'
import { counted } from '../support/text.js'
import { consistencyFile, writeTables } from './document.js'
import { cropped, findPhotographs, type PhotographFile, readPhotograph } from './photographs.js'
import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from './protocols.js'
import { type Consistency, type KeptAnswers, summary } from './result.js'

const OPTIONS = {
  /** Photographs: a folder (with its subfolders), a text file with one path per line, or a single picture file. */
  photographs: z.string(),
  /** The network, in any form that `openNetwork` accepts. It must be a classifier. */
  model: z.string(),
  /** Ways to shift the photographs; `crop` and `diagonal` by default. */
  protocols: z.array(oneOf('protocol', PROTOCOL_NAMES)).min(1).readonly().default(['crop', 'diagonal']),
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`; 5 by default. */
  draws: z.number().default(5),
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

const { layers, pool, reuse, ...SHARED_OPTIONS } = NETWORK_OPTIONS

/** Options of `consistency`. */
export interface ConsistencyOptions
  extends GivenOptions<typeof OPTIONS>,
    Omit<NetworkOptions, 'layers' | 'pool' | 'reuse'> {}

type Checked = CheckedOptions<typeof OPTIONS & typeof SHARED_OPTIONS>

/**
 * Number of batches for each worker in one group of photographs. Groups are large, because workers become idle at the
 * end of each group.
 */
const ROUNDS = 24

/**
 * Measures how often a network changes its answer when photographs are shifted, with the usual protocols of the
 * literature (see `PROTOCOLS`). If an earlier call with the same `out` was interrupted, this call continues it.
 * @throws UsageError for invalid options
 * @throws InputError for missing or damaged files, if no photograph can be used, or if the network is no classifier
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws the signal's reason after an abort
 */
export async function consistency(options: ConsistencyOptions): Promise<Consistency> {
  const checked = parseOptions(options, { ...OPTIONS, ...SHARED_OPTIONS })
  const { protocols: names, draws, seed, background, out, signal } = checked
  checkCount('draws', draws)
  const request = parseDevice(checked.device, checked.precision)
  const { note } = progressTo(checked.onProgress)
  const files = await findPhotographs(checked.photographs)
  const network = await classifier(checked)
  networkNotes(network).forEach(note)
  const frame = network.input.rows
  const { identity, background: behind } = await readBackground(background, frame, signal)
  const setting = { frame, draws, background: backgroundPixels(behind, frame) }
  const protocols = PROTOCOLS.filter(({ name }) => names.includes(name))
  const origin = {
    ...{ model: network.id, weightsSha256: network.weightsSha256, frame, input: recipeText(network.input) },
    scores: network.classes.scores,
    ...{ protocols: protocols.map(({ name }) => name), draws, seed, background: identity },
    ...(checked.precision === 'fp16' && { precision: checked.precision }),
  }
  const plans = protocols.map((protocol) => {
    const dims = protocol.kept(setting)
    return { file: `${protocol.name}.npy`, shape: [files.length, dims], rows: files.length, dims }
  })
  const matrices = plans.map(({ rows, dims }) => new Float32Array(rows * dims).fill(Number.NaN))
  const kept: KeptAnswers = {
    ...{ protocols, setting, files },
    rows: (protocol, photograph) => {
      const dims = plans[protocol]?.dims as number
      return (matrices[protocol] as Float32Array).subarray(photograph * dims, (photograph + 1) * dims)
    },
  }
  const versions = files.map(({ name, version }) => [name, version])
  const inputs = sha256(JSON.stringify({ ...origin, plans, versions }))
  const partial = out === undefined ? undefined : await openPartialArrays(out, inputs, plans, { note, signal })
  try {
    await takeFinished(matrices, partial)
    const run = await measureAll(kept, { network, request, seed, matrices, partial, options: checked })
    const result = { ...origin, ...summary(kept), ...run }
    if (out !== undefined) await writeTables(out, result, kept, network)
    await partial?.finish(consistencyFile(result))
    return result
  } finally {
    await partial?.close()
  }
}

interface Classifier extends Network {
  readonly classes: Classes
}

async function classifier(options: Checked): Promise<Classifier> {
  const network = await chooseNetwork({ ...options, weightsOption: 'weights FILE' })
  const { classes, layers } = network
  const layer = layers.find(({ name }) => name === classes?.layer)
  if (classes !== undefined && layer !== undefined) return { ...network, classes, layers: [layer] }
  throw new InputError(
    `${network.id} has no layer of class scores, so it gives no answers to compare; use a classifier`,
  )
}

function openFor({ network, request, options }: Work, sample: Image, images: number) {
  const { onProgress, signal } = options
  return openExecution({
    ...{ network, images, request, wished: options, reuse: 'off' },
    scene: sceneOf(NOTHING, { image: cropped(sample, network.input.rows, 0, 0) }),
    onNote: (line) => progressTo(onProgress).note(line),
    ...(signal && { signal }),
  })
}

async function firstReadable(files: readonly PhotographFile[], frame: number, signal?: AbortSignal): Promise<Image> {
  let first: InputError | undefined
  for (const file of files)
    try {
      return await readPhotograph(file, frame, signal)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      first ??= error
    }
  throw files.length === 1
    ? (first as InputError)
    : new InputError(`none of the ${files.length} photographs can be used. Error for the first one: ${first?.message}`)
}

/** Fills the matrices with the answers that an interrupted call stored. */
async function takeFinished(matrices: readonly Float32Array[], partial: PartialArrays | undefined): Promise<void> {
  if (!partial?.done.includes(1)) return
  for (const [i, matrix] of matrices.entries()) {
    const dims = matrix.length / partial.done.length
    const stored = await partial.read(i)
    for (const [row, isDone] of partial.done.entries())
      if (isDone) matrix.set(stored.subarray(row * dims, (row + 1) * dims), row * dims)
  }
}

interface Work {
  readonly network: Classifier
  readonly request: DeviceRequest
  readonly seed: number
  readonly matrices: readonly Float32Array[]
  readonly partial: PartialArrays | undefined
  readonly options: Checked
}

/** `frames` has all shifted frames of the first photograph, then those of the second, … */
interface Group {
  readonly photographs: readonly number[]
  readonly frames: readonly Frame[]
  readonly failed: readonly PatchFailure[]
}

type Run = Pick<Consistency, 'failed' | 'settings' | 'images' | 'seconds' | 'imagesPerSecond'> & ExecutionRecord

/** Measures, group by group, all photographs that have no stored answers. While a group runs, the next one is read. */
async function measureAll(kept: KeptAnswers, work: Work): Promise<Run> {
  const { files, protocols, setting } = kept
  const { network, options } = work
  const { onProgress, signal } = options
  const progress = progressTo(onProgress)
  const perPhotograph = protocols.reduce((sum, { count }) => sum + count(setting), 0)
  const left = [...files.keys()].filter((photograph) => Number.isNaN(kept.rows(0, photograph)[0]))
  if (left.length < files.length)
    progress.note(`resuming: ${files.length - left.length} of ${counted(files.length, 'photograph')} are finished`)
  const sample = await firstReadable(files, setting.frame, signal)
  const handle = await openFor(work, sample, left.length * perPhotograph)
  const atATime = Math.max(1, Math.ceil((ROUNDS * handle.settings.batch * handle.settings.workers) / perPhotograph))
  const failed: PatchFailure[] = []
  const start = performance.now()
  let images = 0
  const read = (first: number) => {
    const group = readGroup(kept, left.slice(first, first + atATime), work.seed, signal)
    // Whoever awaits the group gets its error. Until then, Node must not report an unhandled rejection.
    group.catch(() => undefined)
    return group
  }
  try {
    progress.start(network.id, left.length * perPhotograph)
    let coming = read(0)
    for (let first = 0; first < left.length; first += atATime) {
      const group = await coming
      coming = read(first + atATime)
      for (const { reason } of group.failed) progress.note(`skipping a photograph: ${reason}`)
      failed.push(...group.failed)
      const onImages = (done: number) => progress.update(first * perPhotograph + done)
      if (group.frames.length > 0) await runGroup(kept, group, handle, work, onImages)
      images += group.frames.length
      progress.update(Math.min(left.length, first + atATime) * perPhotograph)
    }
  } finally {
    progress.stop()
    await handle.close()
  }
  const seconds = (performance.now() - start) / 1000
  return { failed, settings: handle.settings, images, seconds, imagesPerSecond: images / seconds, ...handle.ran() }
}

/** If the work is stopped, only photographs whose frames are all finished are stored. */
async function runGroup(
  kept: KeptAnswers,
  group: Group,
  handle: NetworkHandle,
  { network, matrices, partial, options: { signal } }: Work,
  onImages: (done: number) => void,
): Promise<void> {
  const { layers, finished, release } = await handle.encode(group.frames, { onImages, signal })
  const photographs = group.photographs.slice(
    0,
    Math.floor((finished * group.photographs.length) / group.frames.length),
  )
  const [{ matrix = new Float32Array(), dims: classes = 0 } = {}] = layers
  keepAnswers(kept, photographs, matrix, classes, network)
  release()
  const rows = photographs.map((row) => ({ row, from: row }))
  if (rows.length > 0) await partial?.write(rows, matrices)
  if (finished < group.frames.length) throwIfStopped(signal)
}

async function readGroup(
  { files, protocols, setting }: KeptAnswers,
  chosen: readonly number[],
  seed: number,
  signal: AbortSignal | undefined,
): Promise<Group> {
  const photographs: number[] = []
  const frames: Frame[] = []
  const failed: PatchFailure[] = []
  for (const at of chosen) {
    throwIfStopped(signal)
    const file = files[at] as PhotographFile
    try {
      const photograph = await readPhotograph(file, setting.frame, signal)
      for (const protocol of protocols)
        frames.push(...protocol.frames(photograph, setting, randomOf(seed, protocol.name, file.name)))
      photographs.push(at)
    } catch (error) {
      throwIfStopped(signal)
      failed.push({ name: file.name, reason: reasonOf(error) })
    }
  }
  return { photographs, frames, failed }
}

/** Random numbers for one photograph and one protocol. They do not depend on the other photographs and protocols. */
function randomOf(seed: number, protocol: ProtocolName, photograph: string): () => number {
  return randomNumbers(Number.parseInt(sha256(`${seed} ${protocol} ${photograph}`).slice(0, 8), 16))
}

/** @param matrix outputs of the network for all frames of these photographs, [frames, classes] */
function keepAnswers(
  kept: KeptAnswers,
  photographs: readonly number[],
  matrix: Float32Array,
  classes: number,
  network: Classifier,
): void {
  const { protocols, setting, files } = kept
  const frames = photographs.length * protocols.reduce((sum, { count }) => sum + count(setting), 0)
  const probabilities = classProbabilities(matrix, frames, classes, network.classes.scores)
  let first = 0
  for (const photograph of photographs)
    for (const [i, protocol] of protocols.entries()) {
      const own = probabilities.subarray(first, first + protocol.count(setting) * classes)
      if (!own.every(Number.isFinite))
        throw new InputError(
          `${network.id} gives NaN or infinite values for ${files[photograph]?.name}; check the network's weights and input options`,
        )
      kept.rows(i, photograph).set(protocol.keep(own, classes, setting))
      first += own.length
    }
}
