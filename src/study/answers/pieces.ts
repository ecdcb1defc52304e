import { positionGrid } from '../engine/positions.js'
import { pixelScene } from '../engine/scene.js'
import type { Frame, Scene, Settings } from '../engine/task.js'
import { throwIfStopped } from '../errors.js'
import { randomNumbers } from '../experiments/randomNumbers.js'
import { sha256 as sha256Of } from '../files/sha256.js'
import type { Network } from '../networks/index.js'
import { type PatchFailure, reasonOf } from '../patches/patchFolder.js'
import { type PhotographFile, readPhotograph, sourceSide } from '../patches/photographs.js'
import type { Protocol, ProtocolName, ProtocolSetting, Shift } from './protocols.js'

/** Number of photographs that are read at the same time. A decoded photograph may take 256 MB. */
const READ_AT_A_TIME = 2

/** Bytes of class scores and probabilities in one piece: a float32 and a float64 per frame and class. */
const SCORE_BYTES = 64 * 1024 * 1024

/** Number of batches for each worker in one piece, if they fit. */
const ROUNDS = 4

/** Largest number of frames in one piece: as many batches for each worker, if at least one fits. */
export function mostFrames({ layers }: Network, { batch, workers }: Settings): number {
  const [{ dims = 1 } = {}] = layers
  const round = batch * workers
  const most = Math.floor(Math.min(ROUNDS * round, SCORE_BYTES / (12 * dims)))
  // A piece has at least two frames, because a single image is rounded differently from images in a batch.
  return Math.max(2, most < round ? most : most - (most % round))
}

/** Frames that run through the network together. The frames of one photograph may be in several pieces. */
export interface FramePiece {
  readonly frames: readonly Frame[]
  /** For each frame, its photograph. */
  readonly photographs: readonly DrawnPhotograph[]
  /** Instead of `frames`: windows that the engine cuts out of one photograph. */
  readonly windows?: {
    readonly scene: Scene
    /** Positions of the photograph, [windows, 2]. */
    readonly offsets: Int32Array
    /** All positions, as in a study. Values are shared in the same way, whichever windows the protocol needs. */
    readonly whole: Int32Array
  }
}

interface DrawnPhotograph {
  readonly name: string
  /** SHA-256 of the file from which the frames were drawn, in hexadecimal. */
  readonly sha256: string
  /** How far the photograph has moved in the frame, in pixels. */
  readonly moved: Shift
}

interface PiecePlan {
  readonly protocols: readonly Protocol[]
  readonly setting: ProtocolSetting
  readonly seed: number
  /** Largest number of frames in one piece. */
  readonly most: number
  /** Called for a photograph that cannot be used. It gets no frames. */
  readonly onFailure: (failure: PatchFailure) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Describes the frames of all photographs, one photograph and protocol after the other. Workers draw them.
 * @throws the signal's reason after an abort
 */
export async function* framePieces(
  files: readonly PhotographFile[],
  plan: PiecePlan,
): AsyncGenerator<FramePiece, void, undefined> {
  const { setting, signal } = plan
  // The first piece is small, so that the workers open their sessions while more photographs are read.
  let most = Math.max(2, Math.ceil(plan.most / ROUNDS))
  let frames: Frame[] = []
  let photographs: DrawnPhotograph[] = []
  const finishPiece = (): FramePiece => {
    const piece = { frames, photographs }
    frames = []
    photographs = []
    most = plan.most
    return piece
  }
  for await (const { name, image, sha256 } of photographsAhead(files, plan)) {
    const scene = pixelScene(image.rows, image.data)
    for (const protocol of plan.protocols) {
      const shifts = protocol.shifts(setting, randomOf(plan.seed, protocol.name, sha256))
      const direction = protocol.movesFrame ? -1 : 1
      const photographOf = ({ rows, cols }: Shift): DrawnPhotograph => ({
        name,
        sha256,
        moved: { rows: direction * rows, cols: direction * cols },
      })
      if (protocol.windows) {
        if (frames.length > 0) yield finishPiece()
        yield windowPiece(scene, [...shifts].map(photographOf), setting)
        continue
      }
      const draw = await protocol.drawing(scene, setting)
      for (const shift of shifts) {
        throwIfStopped(signal)
        if (frames.length === most) yield finishPiece()
        frames.push(draw(shift))
        photographs.push(photographOf(shift))
      }
    }
  }
  if (frames.length > 0) yield finishPiece()
}

/** Reads photographs in their order. While one is used, the next one is decoded, on a thread of Node's pool. */
async function* photographsAhead(
  files: readonly PhotographFile[],
  { setting: { frame }, onFailure, signal }: PiecePlan,
) {
  const read = (file: PhotographFile) =>
    readPhotograph(file, frame, sourceSide(frame), signal).catch((error: unknown) => ({ error }))
  const coming: ReturnType<typeof read>[] = []
  for (const [i, { name }] of files.entries()) {
    throwIfStopped(signal)
    coming.push(...files.slice(i + coming.length, i + READ_AT_A_TIME).map(read))
    const photograph = (await coming.shift()) as Awaited<ReturnType<typeof read>>
    if (!('error' in photograph)) yield { name, ...photograph }
    else {
      throwIfStopped(signal)
      onFailure({ name, reason: reasonOf(photograph.error) })
    }
  }
}

function windowPiece(scene: Scene, photographs: readonly DrawnPhotograph[], { frame }: ProtocolSetting): FramePiece {
  const offsets = Int32Array.from(photographs.flatMap(({ moved: { rows, cols } }) => [rows, cols]))
  const { offsets: whole } = positionGrid(frame, scene.patch.size, 1)
  return { frames: [], photographs, windows: { scene, offsets, whole } }
}

/**
 * Random numbers for one photograph and one protocol. They do not depend on the photograph's name, or on the other
 * photographs and protocols.
 * @param photograph SHA-256 of the file, in hexadecimal
 */
export function randomOf(seed: number, protocol: ProtocolName, photograph: string): () => number {
  return randomNumbers(Number.parseInt(sha256Of(`${seed} ${protocol} ${photograph}`).slice(0, 8), 16))
}
