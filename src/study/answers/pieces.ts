import { positionGrid } from '../../engine/scene/positions.js'
import { pixelScene } from '../../engine/scene/scene.js'
import type { ImageSpec, Scene, Settings } from '../../engine/scene/task.js'
import { throwIfStopped } from '../../errors.js'
import type { Protocol, ProtocolName, ProtocolSetting, Shift } from '../../experiments/answers/protocols.js'
import { sha256 as sha256Of } from '../../files/sha256.js'
import type { Network } from '../../network.js'
import { reasonOf } from '../../patches/patchFolder.js'
import { type PhotographFile, readPhotograph } from '../../patches/photographs.js'
import type { Reading } from '../../patches/reading.js'
import { sourceSide } from '../../patches/sizes.js'
import { randomNumbers } from '../../support/randomNumbers.js'
import type { OpenBucket } from './bucket.js'

/** Number of photographs that are read at the same time. A decoded photograph may take 256 MB. */
const READ_AT_A_TIME = 2

/** Bytes of resized photographs that are kept, because the next protocol needs the same ones. */
const KEPT_BYTES = 64 * 1024 * 1024

/** Bytes of class scores and probabilities in one piece: a float32 and a float64 per frame and class. */
export const MOST_SCORE_BYTES = 64 * 1024 * 1024

/** Number of batches for each worker in one piece, if they fit. */
const ROUNDS = 4

/** Largest number of frames in one piece: as many batches for each worker, if at least one fits. */
export function mostFrames({ layers }: Pick<Network, 'layers'>, { batch, workers }: Settings): number {
  const [{ dims = 1 } = {}] = layers
  const round = batch * workers
  const most = Math.floor(Math.min(ROUNDS * round, MOST_SCORE_BYTES / (12 * dims)))
  // A piece has at least two frames, because a single image is rounded differently from images in a batch.
  return Math.max(2, most < round ? most : most - (most % round))
}

/** Frames that run through the network together. The frames of one photograph may be in several pieces. */
export interface FramePiece {
  readonly images: readonly ImageSpec[]
  /** For each frame, its photograph. */
  readonly photographs: readonly DrawnPhotograph[]
  /** Instead of `images`: positions of one scene, whose values the engine shares. */
  readonly positions?: ScenePositions
}

/** All frames of a photograph in a protocol that moves one scene. */
export interface ScenePositions {
  readonly scene: Scene
  /** Positions of the scene's patch, [frames, 2]. */
  readonly offsets: Int32Array
  /** All positions, as in a study. Values are shared in the same way, whichever windows the protocol needs. */
  readonly whole: Int32Array
}

interface DrawnPhotograph {
  readonly bucket: OpenBucket
  readonly name: string
  /** SHA-256 of the file from which the frames were drawn, in hexadecimal. */
  readonly sha256: string
  /** How far the photograph has moved in the frame, in pixels. */
  readonly moved: Shift
}

interface PieceOptions {
  readonly seed: number
  /** Largest number of frames in one piece. */
  readonly most: number
  readonly reading: Reading
  /** Called for each photograph that looks different in a browser. */
  readonly onDifferent: (sha256: string) => void
  /** Whether the engine gains from sharing the values of these frames. */
  readonly shares: (protocol: Protocol, positions: ScenePositions) => Promise<boolean>
  readonly signal: AbortSignal | undefined
}

/**
 * Describes the frames of all photographs that buckets lack, one photograph after the other. Workers draw them. A
 * bucket is asked for only when its first photograph is needed, and a piece may have frames of several.
 * @throws the signal's reason after an abort
 */
export async function* framePieces(
  buckets: AsyncIterable<OpenBucket>,
  options: PieceOptions,
): AsyncGenerator<FramePiece, void, undefined> {
  const { signal } = options
  // The first piece is small, so that the workers open their sessions while more photographs are read.
  let most = Math.max(2, Math.ceil(options.most / ROUNDS))
  let images: ImageSpec[] = []
  let photographs: DrawnPhotograph[] = []
  const finishPiece = (): FramePiece => {
    const piece = { images, photographs }
    images = []
    photographs = []
    most = options.most
    return piece
  }
  for await (const { bucket, name, scene, sha256 } of photographsAhead(buckets, options)) {
    const { protocol, setting } = bucket.item
    const shifts = [...protocol.shifts(setting, randomOf(options.seed, protocol.name, sha256))]
    const direction = protocol.movesFrame ? -1 : 1
    const photographOf = ({ rows, cols }: Shift): DrawnPhotograph => ({
      bucket,
      name,
      sha256,
      moved: { rows: direction * rows, cols: direction * cols },
    })
    const draw = await protocol.drawing(scene, setting)
    if (protocol.isOneScene) {
      const positions = scenePositions(protocol, setting, shifts.map(draw))
      if (await options.shares(protocol, positions)) {
        if (images.length > 0) yield finishPiece()
        yield { images: [], photographs: shifts.map(photographOf), positions }
        continue
      }
    }
    for (const shift of shifts) {
      throwIfStopped(signal)
      if (images.length === most) yield finishPiece()
      images.push(draw(shift))
      photographs.push(photographOf(shift))
    }
  }
  if (images.length > 0) yield finishPiece()
}

/** A photograph as a square; or why it cannot be used. */
type Square = { readonly scene: Scene; readonly sha256: string } | { readonly error: unknown }

/** Reads photographs in their order. While one is used, the next one is decoded, on a thread of Node's pool. */
async function* photographsAhead(buckets: AsyncIterable<OpenBucket>, options: PieceOptions) {
  const { signal } = options
  const read = squareReader(options)
  const coming: { readonly bucket: OpenBucket; readonly name: string; readonly square: Promise<Square> }[] = []
  async function* next() {
    const one = coming.shift()
    if (one === undefined) return
    const { bucket, name } = one
    const square = await one.square
    throwIfStopped(signal)
    if ('error' in square) await bucket.fail(name, String(reasonOf(square.error)))
    else yield { bucket, name, ...square }
  }
  for await (const bucket of buckets)
    for (const file of bucket.left) {
      throwIfStopped(signal)
      coming.push({ bucket, name: file.name, square: read(file, bucket.item.setting.frame) })
      if (coming.length >= READ_AT_A_TIME) yield* next()
    }
  while (coming.length > 0) yield* next()
}

/** Returns a function that reads photographs. The squares read last are kept, so that they are read once. */
function squareReader({
  reading,
  onDifferent,
  signal,
}: PieceOptions): (file: PhotographFile, frameSide: number) => Promise<Square> {
  const kept = new Map<string, Promise<Square>>()
  const read = async (file: PhotographFile, frameSide: number): Promise<Square> => {
    try {
      const size = { frameSide, side: sourceSide(frameSide) }
      const { image, sha256, looksDifferent } = await readPhotograph(file, size, reading, signal)
      if (looksDifferent) onDifferent(sha256)
      return { scene: pixelScene(image.rows, image.data), sha256 }
    } catch (error) {
      return { error }
    }
  }
  return (file, frameSide) => {
    const square = kept.get(file.path) ?? read(file, frameSide)
    kept.set(file.path, square)
    const [oldest] = kept.keys()
    if (oldest !== undefined && kept.size * 4 * sourceSide(frameSide) ** 2 > KEPT_BYTES) kept.delete(oldest)
    return square
  }
}

/** @param images all frames of a photograph in a protocol that moves one scene */
export function scenePositions(
  { windows }: Protocol,
  { frame }: ProtocolSetting,
  images: readonly ImageSpec[],
): ScenePositions {
  const { scene } = images[0]!
  const offsets = Int32Array.from(images.flatMap(({ row, col }) => [row, col]))
  return { scene, offsets, whole: windows ? positionGrid(frame, scene.patch.size, 1).offsets : offsets }
}

/**
 * Random numbers for one photograph and one protocol. They do not depend on the photograph's name, or on the other
 * photographs and protocols.
 * @param photograph SHA-256 of the file, in hexadecimal
 */
export function randomOf(seed: number, protocol: ProtocolName, photograph: string): () => number {
  return randomNumbers(Number.parseInt(sha256Of(`${seed} ${protocol} ${photograph}`).slice(0, 8), 16))
}
