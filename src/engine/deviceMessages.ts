import type { NetworkInput } from '../networks/index.js'
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
  /** Whether to record where each operator runs. */
  readonly profiled: boolean
}

/** What goes to the process; each but `scene` is answered once, in order. */
export type DeviceRequestMessage =
  | { readonly kind: 'open'; readonly request: OpenRequest }
  | { readonly kind: 'scene'; readonly scene: SceneArrays }
  | { readonly kind: 'batch'; readonly offsets: Int32Array }
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
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'failed'; readonly reason: string }
