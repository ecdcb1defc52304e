import type { Background } from '../../patches/background.js'
import type { Patch } from '../../patches/patch.js'

/** How a network's work is divided among workers, threads and batches. */
export interface Settings {
  /** Number of workers, each with its own ONNX Runtime session. */
  readonly workers: number
  /** Number of threads of each worker's session. */
  readonly threads: number
  /** Number of images per forward pass. */
  readonly batch: number
}

export const BLENDS = ['hard', 'soft'] as const

export interface Scene {
  readonly patch: Patch
  readonly background: Background
  /**
   * `hard`: a pixel shows the patch if its alpha is at least 128, and otherwise the background. `soft`: alpha mixes
   * both.
   */
  readonly blend: (typeof BLENDS)[number]
}

/** Describes one image: a scene with its patch at a position. The image may then move by parts of a pixel. */
export interface ImageSpec {
  readonly scene: Scene
  readonly row: number
  readonly col: number
  readonly movement?: Movement
}

/** How an image moves, in pixels down and to the right (see `Compositor` in `native.ts`). */
export interface Movement {
  /** A circular shift with ideal interpolation. */
  readonly rows: number
  readonly cols: number
  /** Multiples of a bilinear shift's derivative, which are added. */
  readonly rowStep: number
  readonly colStep: number
}

/** A scene with an id, which is the same for all batches of one extraction. */
export interface SceneTask {
  /** A worker prepares each scene once and keeps it under this id. */
  readonly id: number
  readonly scene: Scene
  /** If images share values: batch size of the layers that are still computed for each image. Otherwise undefined. */
  readonly batch?: number
  /** If images share values: names of the tensors to compute instead of the layers'. */
  readonly outputs?: readonly string[]
}

export interface Target {
  /** Matrices in shared memory, one per layer: [positions, dims]. */
  readonly matrices: readonly Float32Array[]
  /** Matrix row of each image. Images that only fill up the batch come last and have no row. */
  readonly rows: Int32Array
}

/** Images of a batch that show the same scene. */
export interface BatchPart {
  readonly task: SceneTask
  /** Positions of the patch, [images, 2] as row, col. */
  readonly offsets: Int32Array
  /** How each image then moves, [images, 4]: the fields of `Movement` in their order. */
  readonly movements?: Float64Array
}

export interface BatchTask {
  readonly parts: readonly BatchPart[]
  readonly target: Target
  /** A flag (see `withStopFlag`). Once it is set, the worker begins no further forward pass. */
  readonly stop: Int32Array
}

/** Message of a worker about a batch that it computes, which is named by its first scene task and its first matrix row. */
export interface BatchProgress {
  readonly taskId: number
  readonly row: number
  /** Number of images whose features are stored; 0 when the layers that the images share are computed. */
  readonly images: number
}

export type BatchResult =
  | { readonly kind: 'written' }
  /** The flag `stop` was set, so some features of the batch are missing. */
  | { readonly kind: 'stopped' }
  /** If `during` is `open`, the session could not be opened, so no batch was started. */
  | { readonly kind: 'failed'; readonly during: 'open' | 'batch'; readonly reason: string }
