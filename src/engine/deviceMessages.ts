import type { FeatureLayer, NetworkInput } from '../networks/index.js'
import type { Device } from './device.js'
import type { SceneArrays } from './sceneTensors.js'

/** What a device's process is started with. */
export interface OpenRequest {
  readonly device: Device
  /** The network's graph with compositing in front. */
  readonly graph: string
  readonly input: NetworkInput
  /** Outputs of the graph to read. */
  readonly outputs: readonly string[]
  /** Layers that the graph also compares with anchors. */
  readonly compared: readonly FeatureLayer[]
  /** An empty folder for the record of where each operator runs; without it there is none. */
  readonly profileFolder?: string
}

/** The descriptors of shared memory that a process inherits begin here: after its input, outputs and messages. */
export const FIRST_MEMORY_DESCRIPTOR = 4

/** Where the matrices of an extraction lie in memory that the process shares. */
export interface MatrixPlaces {
  /** Which of the descriptors it is, from `FIRST_MEMORY_DESCRIPTOR` on. */
  readonly set: number
  /** So many bytes of it are used. */
  readonly bytes: number
  /** By output, the byte at which its matrix begins: float32 [rows, dims]. */
  readonly starts: readonly number[]
}

/** What a process composites from now on. */
export interface SceneRequest {
  readonly scene: SceneArrays
  /** Where the features of batches with a row go. */
  readonly places?: MatrixPlaces
  /** By layer that is compared, [dims, anchors]: the anchors' features, each of length 1. */
  readonly anchors?: readonly Float32Array[]
}

/** One layer of a batch compared with the anchors. */
export interface BatchComparison {
  /** [images, anchors] */
  readonly cosines: Float32Array
  /** [images] */
  readonly strongest: Int32Array
}

/** What goes to the process; each but `scene` is answered once, in order. A scene that fails answers the batch after it. */
export type DeviceRequestMessage =
  | { readonly kind: 'open'; readonly request: OpenRequest }
  | { readonly kind: 'scene'; readonly request: SceneRequest }
  /** With a row, features go into the scene's matrices from there on; else the answer carries them. */
  | { readonly kind: 'batch'; readonly offsets: Int32Array; readonly row: number | undefined }
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
  | { readonly kind: 'written' }
  | { readonly kind: 'compared'; readonly layers: readonly BatchComparison[] }
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'failed'; readonly reason: string }
