import { positionGrid } from '../engine/positions.js'
import { sceneOf } from '../engine/scene.js'
import type { Frame, Scene, Settings } from '../engine/task.js'
import { throwIfStopped } from '../errors.js'
import { afterSignals } from '../experiments/featureArithmetic.js'
import { randomNumbers } from '../experiments/randomNumbers.js'
import { sha256 } from '../files/sha256.js'
import type { Network } from '../networks/index.js'
import type { Image } from '../patches/image.js'
import { type PatchFailure, reasonOf } from '../patches/patchFolder.js'
import { type PhotographFile, readPhotograph, sourceSide, wholePatch } from '../patches/photographs.js'
import type { Protocol, ProtocolName, ProtocolSetting, Shift } from './protocols.js'

/** Bytes of frames in one piece. Two pieces exist at a time: one runs while the next one is drawn. */
const PIECE_BYTES = 96 * 1024 * 1024

/** Bytes of class scores and probabilities in one piece: a float32 and a float64 per frame and class. */
const SCORE_BYTES = 64 * 1024 * 1024

/** Number of batches for each worker in one piece, if they fit. Workers become idle at the end of each piece. */
const ROUNDS = 24

/** Largest number of frames in one piece: as many batches for each worker, if at least one fits. */
export function mostFrames({ input, layers }: Network, { batch, workers }: Settings): number {
  const [{ dims = 1 } = {}] = layers
  const round = batch * workers
  const bytes = input.rows * input.cols * 3
  const most = Math.floor(Math.min(ROUNDS * round, PIECE_BYTES / bytes, SCORE_BYTES / (12 * dims)))
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
 * Draws the frames of all photographs, one photograph and protocol after the other. The memory of a piece is used again
 * for the piece after the next one.
 * @throws the signal's reason after an abort
 */
export async function* framePieces(
  files: readonly PhotographFile[],
  plan: PiecePlan,
): AsyncGenerator<FramePiece, void, undefined> {
  const { setting, most, onFailure, signal } = plan
  const memories = [pieceMemory(setting.frame), pieceMemory(setting.frame)] as const
  let memory = memories[0]
  let frames: Frame[] = []
  let photographs: DrawnPhotograph[] = []
  const finishPiece = (): FramePiece => {
    const piece = { frames, photographs }
    memory = memory === memories[0] ? memories[1] : memories[0]
    memory.clear()
    frames = []
    photographs = []
    return piece
  }
  for (const file of files) {
    throwIfStopped(signal)
    const read = await readPhotograph(file, setting.frame, sourceSide(setting.frame), signal).catch((error) => {
      throwIfStopped(signal)
      onFailure({ name: file.name, reason: reasonOf(error) })
    })
    if (read === undefined) continue
    for (const protocol of plan.protocols) {
      const shifts = protocol.shifts(setting, randomOf(plan.seed, protocol.name, file.name))
      const direction = protocol.movesFrame ? -1 : 1
      const photographOf = ({ rows, cols }: Shift): DrawnPhotograph => ({
        name: file.name,
        sha256: read.sha256,
        moved: { rows: direction * rows, cols: direction * cols },
      })
      if (protocol.windows) {
        if (frames.length > 0) yield finishPiece()
        yield windowPiece(read.image, [...shifts].map(photographOf), setting)
        continue
      }
      const draw = protocol.drawing(read.image, setting)
      for (const shift of shifts) {
        await afterSignals(signal)
        if (frames.length === most || !memory.hasRoom()) yield finishPiece()
        frames.push(draw(shift, memory))
        photographs.push(photographOf(shift))
      }
    }
  }
  if (frames.length > 0) yield finishPiece()
}

/** @param moves of the photograph, which are its positions */
function windowPiece(image: Image, photographs: readonly DrawnPhotograph[], { frame }: ProtocolSetting): FramePiece {
  const scene = sceneOf(wholePatch('photograph', image))
  const offsets = Int32Array.from(photographs.flatMap(({ moved: { rows, cols } }) => [rows, cols]))
  const { offsets: whole } = positionGrid(frame, image.rows, 1)
  return { frames: [], photographs, windows: { scene, offsets, whole } }
}

/** Random numbers for one photograph and one protocol. They do not depend on the other photographs and protocols. */
export function randomOf(seed: number, protocol: ProtocolName, photograph: string): () => number {
  return randomNumbers(Number.parseInt(sha256(`${seed} ${protocol} ${photograph}`).slice(0, 8), 16))
}

/** Shared memory, so that workers get the frames of a piece without a copy. */
function pieceMemory(side: number) {
  const samples = side * side * 3
  const largest = samples * Float32Array.BYTES_PER_ELEMENT
  // A piece has at least two frames, because a single image is rounded differently from images in a batch.
  const buffer = new SharedArrayBuffer(Math.max(PIECE_BYTES, 2 * largest))
  let used = 0
  return {
    /** Whether another frame fits, of any type. */
    hasRoom: () => used + largest <= buffer.byteLength,
    clear: () => {
      used = 0
    },
    bytes: () => {
      const frame = new Uint8Array(buffer, used, samples)
      // A frame of floats must begin at a multiple of four.
      used += Math.ceil(samples / 4) * 4
      return frame
    },
    floats: () => {
      const frame = new Float32Array(buffer, used, samples)
      used += largest
      return frame
    },
  }
}
