import { checkPrecision } from '../engine/choice.js'
import { type DeviceRequest, parseDevice } from '../engine/device.js'
import { checkReuse, type ReuseChoice } from '../engine/reuse/record.js'
import type { WishedSettings } from '../engine/settings.js'
import { type ColourLimits, checkLimits } from '../plot/colormap.js'
import type { ProgressListener } from '../progress.js'
import { checkOptions, kinds } from '../support/optionChecks.js'
import { STUDY_OPTIONS, type StudyOptions } from './options.js'

/** Options of `reproduce`. */
export interface ReproduceOptions extends StudyOptions, WishedSettings {
  /** Device that runs the networks, named as in `openNetwork`; `auto` by default. */
  readonly device?: string
  /**
   * With `auto` (default), a value that several images share is computed once, if that is faster. With `off`, every
   * image is computed in full.
   */
  readonly reuse?: ReuseChoice
  /** Ends of the heatmaps' colour scale; by default 0.88 and 1, as in the paper. */
  readonly limits?: ColourLimits
  /** Wait for the units of other processes, then write the report unless one of them wrote it; true by default. */
  readonly report?: boolean
  /** Include the rows of the paper's tables that this study did not measure; false by default. */
  readonly paper?: boolean
  /** Receives progress events and notes. */
  readonly onProgress?: ProgressListener
  /** Stops the study; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

const REPRODUCE_OPTIONS = {
  optional: {
    ...STUDY_OPTIONS,
    ...{
      workers: kinds.number,
      threads: kinds.number,
      batch: kinds.number,
      device: kinds.text,
      reuse: kinds.text,
    },
    ...{
      limits: kinds.limits,
      paper: kinds.flag,
      report: kinds.flag,
      onProgress: kinds.callback,
      signal: kinds.signal,
    },
  },
}

/** The wanted device. @throws UsageError for it and what has to go with it, before anything is read */
export function checkedRequest(options: ReproduceOptions): DeviceRequest {
  checkOptions(options, REPRODUCE_OPTIONS)
  const { device = 'auto', precision, reuse, limits } = options
  const request = parseDevice(device)
  checkPrecision(request, precision)
  checkReuse(reuse)
  if (limits) checkLimits(limits)
  return request
}
