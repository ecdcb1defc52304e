import type { FeatureLayer, NetworkInput, RunnableGraph } from '../../networks/index.js'
import type { Device } from '../device.js'
import type { BatchComparison, JobScene } from '../task.js'
import type { CellWork } from './cellWork.js'
import type { SceneArrays } from './sceneArrays.js'

/** What a device's process is started with. */
export interface OpenRequest {
  readonly device: Device
  /** The network's graph with compositing in front. */
  readonly graph: string
  readonly optimization?: RunnableGraph['optimization']
  readonly input: NetworkInput
  /** Outputs of the graph to read. */
  readonly outputs: readonly string[]
  /** Layers that the graph also compares with anchors. */
  readonly compared: readonly FeatureLayer[]
  /** Which of these also gives its features with a comparison; by default none. */
  readonly answering?: string | undefined
  /** Values are computed once, by these graphs in place of the other; no scene and no anchors then. */
  readonly cells?: CellWork
  /** An empty folder for the record of where each operator runs; without it there is none. */
  readonly profileFolder?: string
}

/** What a process composites from now on. */
export interface SceneRequest {
  readonly scene: SceneArrays
  /** By layer that is compared, [dims, anchors]: the anchors' features, each of length 1. */
  readonly anchors?: readonly Float32Array[]
}

/** What goes to the process; each but scenes is answered once, in order. A scene that fails answers the batch after it. */
export type DeviceRequestMessage =
  | { readonly kind: 'open'; readonly request: OpenRequest }
  | { readonly kind: 'scene'; readonly request: SceneRequest }
  /** Asks for the features of a batch. */
  | { readonly kind: 'batch'; readonly offsets: Int32Array }
  /** A scene for the passes from now on: without shared memory, which no process can read. */
  | { readonly kind: 'cells'; readonly job: JobScene }
  /** Asks for the features of all positions of a pass. */
  | { readonly kind: 'pass'; readonly offsets: Int32Array }
  /** Compares a batch with the scene's anchors. */
  | { readonly kind: 'comparison'; readonly offsets: Int32Array }
  | { readonly kind: 'placement' }

/** Where the operators of a graph ran. */
export interface Placement {
  /** Runs of operators by ONNX Runtime's name of the provider. */
  readonly operators: Readonly<Record<string, number>>
  /** The heavy ones alone: convolutions and matrix products. */
  readonly heavy: Readonly<Record<string, number>>
}

export type DeviceAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'features'; readonly layers: readonly Float32Array[] }
  | { readonly kind: 'compared'; readonly layers: readonly BatchComparison[] }
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'failed'; readonly reason: string }
