import type { DeviceRequest } from '../../engine/devices/device.js'
import type { Network } from '../../network.js'
import type { Progress } from '../../progress.js'
import type { ReportOptions } from '../../report/report.js'
import type { Peers } from './peers.js'
import type { NetworkSettings } from './runFile.js'
import type { FinishedItem } from './timeLeft.js'
import type { WorkItem, WorkLeft } from './workItem.js'
import type { WorkQueue } from './workQueue.js'

/** The work of one call. Each command has a planner that makes it, and `runStudy` runs any. */
export interface StudyPlan<T extends WorkItem> extends WorkLeft<T> {
  /** Absolute path of the results folder. */
  readonly out: string
  /** Networks that the study measures. */
  readonly networks: readonly Network[]
  /** All items, in the order in which they are computed. */
  readonly items: readonly T[]
  /** The keys of run.json's entry that describe the plan: what a reader needs to judge or repeat it. */
  readonly description: object
  /** Notes for the user before the work begins. */
  readonly notes: readonly string[]
  /** Stores what the report needs of the inputs, such as pictures of objects. */
  readonly keepInputs: () => Promise<void>
  /**
   * Computes and stores `first`, and may go on with other items of its lane until all are finished or taken by other
   * processes. Returns the settings of the network, if run.json has them.
   */
  readonly compute: (run: StudyRun<T>, first: T) => Promise<NetworkSettings | undefined>
}

/** How a study is run. Nothing in it changes a number. */
export interface RunOptions extends Pick<ReportOptions, 'limits' | 'onProgress' | 'signal'> {
  readonly request: DeviceRequest
  /** The device as the user names it. */
  readonly device: string
  /** Whether to wait until other processes have finished their items, and then to write the report. */
  readonly report: boolean
}

/** A study that this process runs. */
export interface StudyRun<T extends WorkItem> {
  readonly plan: StudyPlan<T>
  readonly options: RunOptions
  readonly peers: Peers
  readonly queue: WorkQueue<T>
  readonly progress: Progress
  /** Settings of the networks that this process has opened, by id. */
  readonly settings: Record<string, NetworkSettings>
  /** Items that this process has finished. */
  readonly finished: FinishedItem[]
  /** Predicted seconds per image of each measured network, of which only the ratios count. */
  readonly costs: ReadonlyMap<Network, number>
  readonly start: Date
  /** Value of `performance.now()` when the work began. */
  readonly begin: number
}
