import type { NetworkInput, RunnableGraph } from '../../networks/index.js'
import type { CellWork } from './cellWork.js'
import type { OpenRequest } from './messages.js'

/** Where a worker holds its session, for its whole life. */
export type WorkerData =
  | (RunnableGraph & {
      readonly backend: 'thread'
      readonly input: NetworkInput
      readonly layers: readonly string[]
      readonly threads: number
    })
  | {
      readonly backend: 'cells'
      readonly optimization?: RunnableGraph['optimization']
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
