import { PROVIDERS } from '../../engine/devices/providers.js'
import type { Features } from '../../engine/features/features.js'
import { openExecution } from '../../engine/open/executionRequest.js'
import type { NetworkHandle } from '../../engine/open/handle.js'
import { expectedGain } from '../../engine/reuse/expected.js'
import { pixelScene } from '../../engine/scene/scene.js'
import type { Scene } from '../../engine/scene/task.js'
import { InputError, throwIfStopped, words } from '../../errors.js'
import { classProbabilities } from '../../experiments/answers/answers.js'
import { comparedFeatures, headOf } from '../../experiments/answers/heads.js'
import type { ProtocolAnswers } from '../../experiments/answers/protocolAnswers.js'
import type { Protocol } from '../../experiments/answers/protocols.js'
import type { Wording } from '../../message.js'
import { type PhotographFile, readPhotograph } from '../../patches/photographs.js'
import { sourceSide } from '../../patches/sizes.js'
import type { FailedPhotograph } from '../../results/answers/schema.js'
import { secondsSince } from '../../support/stopwatch.js'
import { counted } from '../../support/text.js'
import type { NetworkSettings } from '../items/runFile.js'
import type { StudyRun } from '../items/studyPlan.js'
import { itemTeller } from '../items/tell.js'
import { imagesOf, isInLane } from '../items/workItem.js'
import { type OpenBucket, openBucket } from './bucket.js'
import type { Classifier } from './classifiers.js'
import type { AnswersItem } from './item.js'
import type { ResolvedConsistency } from './options.js'
import { type FramePiece, framePieces, mostFrames, type ScenePositions } from './pieces.js'

/** What all items of a study share. */
interface Shared {
  readonly photographs: readonly PhotographFile[]
  readonly options: ResolvedConsistency
  /** SHA-256 of each photograph that looks different in a browser. */
  readonly different: Set<string>
}

function differenceNote(count: number): Wording {
  return words`${counted(count, 'photograph')} ${count === 1 ? 'looks' : 'look'} different in a browser, because of a colour profile, orientation or transparency; \`reading display\` measures that`
}

/** Open buckets are stored at least this often, so that a process that is killed loses little. */
const SECONDS_BETWEEN_STORES = 60

/** Open buckets are also stored when so many bytes have been added to one. */
const MOST_UNSAVED_BYTES = 64 * 1024 * 1024

/**
 * Computes `first`, then other buckets of the network, until all are finished or taken by other processes. Two pieces of
 * frames run at a time, so that workers do not wait at the end of a piece. Meanwhile, the next piece is prepared.
 */
export async function computeAnswers(
  run: StudyRun<AnswersItem>,
  first: AnswersItem,
  shared: Shared,
): Promise<NetworkSettings> {
  const { network } = first
  const { signal } = run.options
  const handle = await openFor(run, first, shared)
  const lane = openLane(run, first)
  const most = mostFrames(network, handle.settings)
  const { seed, reading } = shared.options
  const onDifferent = (sha256: string) => void shared.different.add(sha256)
  const known = shared.different.size
  const pieces = framePieces(lane.buckets(), {
    ...{ seed, most, reading, onDifferent, signal },
    shares: sharing(network, handle),
  })
  const next = () => {
    const piece = pieces.next()
    // Whoever awaits the piece gets its error. Until then, Node must not report an unhandled rejection.
    piece.catch(() => undefined)
    return piece
  }
  const take = takingAnswers(network)
  const running: RunningPiece[] = []
  const startPiece = (piece: FramePiece) => {
    const finished = { frames: 0 }
    const onImages = (done: number) => {
      finished.frames = done
      lane.update(running.reduce((sum, { finished }) => sum + finished.frames, 0))
    }
    const features = featuresOf(piece, handle, { onImages, signal })
    features.catch(() => undefined)
    running.push({ piece, finished, features })
  }
  /** Takes the answers of the oldest pieces, until `most` pieces are running. */
  const takeUntil = async (most: number) => {
    while (running.length > most) {
      const { piece, features } = running[0]!
      await takePiece(piece, await features, take, signal)
      running.shift()
      lane.count(piece.photographs.length)
      await lane.store()
    }
  }
  try {
    let coming = next()
    for (let piece = (await coming).value; piece; piece = (await coming).value) {
      coming = next()
      // Shared values have workers of their own, which would compete with those of other pieces.
      if (piece.positions) await takeUntil(0)
      startPiece(piece)
      await takeUntil(piece.positions ? 0 : 1)
    }
    await takeUntil(0)
    await lane.store()
    if (shared.different.size > known) run.progress.note(differenceNote(shared.different.size))
  } finally {
    await Promise.allSettled(running.map(({ features }) => features))
    // After an error, a piece may still be prepared. It may take a bucket, whose lock would stay.
    await pieces.return()
    await lane.close()
    await handle.close()
  }
  // The record of reuse is left out, because it would differ if a call only continues an earlier one.
  const { reuse: _, ...ran } = handle.ran()
  return { ...handle.settings, ...ran }
}

async function openFor(run: StudyRun<AnswersItem>, first: AnswersItem, shared: Shared): Promise<NetworkHandle> {
  const { options, progress, queue } = run
  const { signal } = options
  const scene = await firstReadable(shared, first.setting.frame, signal)
  progress.note(`opening ${first.network.id}`)
  return openExecution({
    network: first.network,
    images: first.images + imagesOf(queue.left(first)),
    request: options.request,
    wished: shared.options,
    scene,
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
}

/**
 * Decides once for each protocol whether the engine shares values, because all photographs have the same size. The
 * windows of a photograph are too many to draw, so the engine cuts them out in any case.
 */
function sharing(
  network: Classifier,
  handle: NetworkHandle,
): (protocol: Protocol, positions: ScenePositions) => Promise<boolean> {
  const decided = new Map<Protocol, Promise<boolean>>()
  const decide = async ({ windows }: Protocol, { scene, whole }: ScenePositions) =>
    windows === true || (PROVIDERS[handle.ran().device].isProcessor && (await expectedGain(network, scene, whole)) > 1)
  return (protocol, positions) => {
    const decision = decided.get(protocol) ?? decide(protocol, positions)
    decided.set(protocol, decision)
    return decision
  }
}

/** @throws InputError if no photograph can be used */
async function firstReadable(
  { photographs: files, options: { reading } }: Shared,
  frameSide: number,
  signal: AbortSignal | undefined,
): Promise<Scene> {
  let first: InputError | undefined
  for (const file of files)
    try {
      const { image } = await readPhotograph(file, { frameSide, side: sourceSide(frameSide) }, reading, signal)
      return pixelScene(image.rows, image.data)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      first ??= error
    }
  throw files.length === 1
    ? first!
    : new InputError(`none of the ${files.length} photographs can be used. Error for the first one: ${first?.message}`)
}

/** Opens the buckets of a lane one after the other, stores them, and shows how many images are finished. */
function openLane(run: StudyRun<AnswersItem>, first: AnswersItem) {
  const { plan, queue, progress, finished } = run
  const open = new Set<OpenBucket>()
  const finishedImages = () => imagesOf(finished.flatMap(({ item }) => (isInLane(item, first) ? item : [])))
  const before = finishedImages()
  const total = before + first.images + imagesOf(queue.left(first))
  /** Images of this lane that are finished. */
  let done = before
  /** Images of photographs that cannot be used. */
  let skipped = 0
  let stored = performance.now()
  let begun = performance.now()
  /** Images of the buckets that were finished when the current one began. */
  let told = before
  let tell = itemTeller(run, first)
  progress.start(first.network.id, total, { unit: 'images', before })
  const skip = skippedNotes((line) => progress.note(line))
  const onFailure = (bucket: AnswersItem, failure: FailedPhotograph) => {
    skipped += bucket.protocol.count(bucket.setting)
    skip.add(failure)
  }
  const finish = async (buckets: readonly OpenBucket[]) => {
    for (const bucket of buckets) {
      await bucket.store()
      open.delete(bucket)
      await queue.finish(bucket.item)
    }
    // Buckets are computed together, so they share the time.
    const items = buckets.map(({ item, images }) => ({ ...item, images: images() })).filter(({ images }) => images > 0)
    const seconds = secondsSince(begun) / imagesOf(items)
    for (const item of items) finished.push({ item, seconds: item.images * seconds })
    if (items.length > 0) begun = performance.now()
  }
  return {
    async *buckets(): AsyncGenerator<OpenBucket, void, undefined> {
      for (let item: AnswersItem | undefined = first; item !== undefined; item = await queue.take(first)) {
        const own = item
        told = finishedImages()
        tell = itemTeller(run, own, begun)
        const bucket = await openBucket(plan.out, own, (failure) => onFailure(own, failure))
        open.add(bucket)
        if (bucket.isComplete()) await finish([bucket])
        else yield bucket
      }
    },
    update: (running: number) => progress.update(done + skipped + running, tell(done - told + running)),
    count: (frames: number) => {
      done += frames
    },
    /** Stores the buckets that are complete, and from time to time all others. */
    store: async () => {
      const isDue = secondsSince(stored) > SECONDS_BETWEEN_STORES
      await finish([...open].filter((bucket) => bucket.isComplete()))
      for (const bucket of open) if (isDue || bucket.unsavedBytes() > MOST_UNSAVED_BYTES) await bucket.store()
      if (isDue) stored = performance.now()
    },
    /** After an interruption, photographs whose answers are complete are still stored. */
    close: async () => {
      progress.stop()
      skip.finish()
      for (const bucket of open) await bucket.store().catch(() => undefined)
    },
  }
}

/** Notes photographs that cannot be used: the first one of each kind at once, and the number of others at the end. */
function skippedNotes(note: (line: string) => void) {
  const noted = new Set<string>()
  const kinds = new Map<string, { readonly name: string; others: number }>()
  return {
    add: ({ name, reason }: FailedPhotograph) => {
      // Each protocol finds the same photographs.
      if (noted.has(name)) return
      noted.add(name)
      const kind = reason.replaceAll(name, '').replaceAll(/\d+/g, '')
      const known = kinds.get(kind)
      if (known) known.others++
      else {
        kinds.set(kind, { name, others: 0 })
        note(`skipping a photograph: ${reason}`)
      }
    },
    finish: () => {
      for (const { name, others } of kinds.values())
        if (others > 0) note(`skipped ${counted(others, 'more photograph')} for the same reason as ${name}`)
    },
  }
}

interface RunningPiece {
  readonly piece: FramePiece
  readonly finished: { readonly frames: number }
  readonly features: Promise<Features>
}

type TakeAnswers = (photographs: FramePiece['photographs'], matrix: Float32Array, dims: number) => void

function featuresOf(
  { images, positions }: FramePiece,
  handle: NetworkHandle,
  options: { readonly onImages: (done: number) => void; readonly signal: AbortSignal | undefined },
): Promise<Features> {
  if (positions) return handle.extract(positions.scene, positions.offsets, { ...options, whole: positions.whole })
  // The last piece may have a single frame. It runs twice, so that it is rounded like images in a batch.
  return handle.encode(images.length === 1 ? [...images, ...images] : images, options)
}

/** If the work is stopped, only photographs whose frames are all finished are kept. */
async function takePiece(
  { photographs }: FramePiece,
  { layers, finished, release }: Features,
  take: TakeAnswers,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [{ matrix = new Float32Array(), dims = 0 } = {}] = layers
  take(photographs.slice(0, finished), matrix, dims)
  release()
  if (finished < photographs.length) throwIfStopped(signal)
}

/** Returns a function that takes the answers of one piece after the other, and keeps those of complete photographs. */
function takingAnswers({ id, classes: { layer: name, scores }, head }: Classifier): TakeAnswers {
  const { reader } = headOf(head?.kind)
  /** The photograph whose frames are being run. */
  let current: { readonly bucket: OpenBucket; readonly name: string; readonly answers: ProtocolAnswers } | undefined
  return (photographs, matrix, dims) => {
    const layer = comparedFeatures({ name, matrix, dims }, head)
    const { dims: classes } = layer
    const probabilities = classProbabilities(layer.matrix, photographs.length, classes, scores, `${id} ${name}`)
    for (const [index, { bucket, name, sha256, moved }] of photographs.entries()) {
      const own = probabilities.subarray(index * classes, (index + 1) * classes)
      if (!own.every(Number.isFinite))
        throw new InputError(
          `${id} gives NaN or infinite values for ${name}; check the network's weights and input options`,
        )
      if (current?.bucket !== bucket || current.name !== name) current = { bucket, name, answers: bucket.begin(name) }
      const { answers } = current
      answers.take(own, head && reader?.seen(layer, index, own, head.threshold, moved))
      if (answers.isComplete()) bucket.add(name, sha256, answers)
    }
  }
}
