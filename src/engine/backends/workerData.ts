import type { CellGraphs, CellStep, CellSteps, NetworkInput } from '../../networks/index.js'
import type { OpenRequest } from './messages.js'

/** A network in two parts, and what its first part computes. */
export interface CellWork {
  readonly graphs: CellGraphs
  readonly steps: readonly CellStep[]
  readonly shapes: CellSteps['shapes']
}

/** Where a worker holds its session, for its whole life. */
export type WorkerData =
  | {
      readonly backend: 'thread'
      readonly onnxPath: string
      readonly input: NetworkInput
      readonly layers: readonly string[]
      readonly threads: number
    }
  | {
      readonly backend: 'cells'
      readonly input: NetworkInput
      readonly layers: readonly string[]
      readonly threads: number
      readonly cells: CellWork
    }
  | {
      readonly backend: 'process'
      /** Of each worker; they are dealt out by `pids`. */
      readonly requests: readonly OpenRequest[]
      /** As in `startDeviceProcess`. */
      readonly script?: string
      /** Shared: how many workers have started, then each one's process, or 0. */
      readonly pids: Int32Array
    }
