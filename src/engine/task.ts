import type { Background } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'

/** How the work on a network is divided among workers, threads and batches. */
export interface Settings {
  /** Number of workers, each with its own ONNX Runtime session. */
  readonly workers: number
  /** Threads of each session. */
  readonly threads: number
  /** Images per forward pass. */
  readonly batch: number
}

/** Rules by which a patch is drawn. */
export const BLENDS = ['hard', 'soft'] as const

/** How a patch is drawn onto its background. */
export interface Scene {
  readonly patch: Patch
  readonly background: Background
  /** hard: each pixel is either the patch's (alpha ≥ 128) or the background's; soft: both are mixed by alpha. */
  readonly blend: (typeof BLENDS)[number]
}

/** A picture of the whole frame, RGB [rows, cols, 3], from 0 to 255: floating-point numbers are not rounded to bytes. */
export type Frame = Uint8Array | Float32Array

/** Whole pictures in place of a patch that moves; a position is (picture, 0). */
export interface Frames {
  readonly frames: readonly Frame[]
}

/** A scene, as every batch of a job refers to it. */
export interface JobScene {
  /** Unique for each job, because workers prepare a scene once and keep the result from batch to batch. */
  readonly id: number
  readonly scene: Scene | Frames
  /** Images that are computed together if a task has all offsets of a pass. */
  readonly batch?: number
}

/** Rows of feature matrices. */
export interface Target {
  /** Shared matrices, one per layer: [positions, dims]. */
  readonly matrices: readonly Float32Array[]
  /** The row of each image; a short last batch is filled up, and has fewer. */
  readonly rows: Int32Array
}

/** One forward pass as a worker gets it. */
export interface BatchTask {
  readonly job: JobScene
  /** [batch, 2] as row, col. */
  readonly offsets: Int32Array
  /** Where the features are written. */
  readonly target: Target
}

/** Outcome of a batch. */
export type BatchResult =
  | { readonly kind: 'written' }
  /** `open`: the session could not be opened, so that no batch was begun. */
  | { readonly kind: 'failed'; readonly during: 'open' | 'batch'; readonly reason: string }
