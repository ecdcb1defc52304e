import { checkOptions, kinds } from '../checkedOptions.js'
import { checkCompositing, checkPrecision } from '../engine/choice.js'
import { type DeviceRequest, parseDevice } from '../engine/device.js'
import type { Compositing } from '../engine/deviceNames.js'
import { checkReuse, type ReuseChoice } from '../engine/reuse/record.js'
import type { WishedSettings } from '../engine/settings.js'
import { type ColourLimits, checkLimits } from '../plot/colormap.js'
import type { ProgressListener } from '../progress.js'
import { STUDY_OPTIONS, type StudyOptions } from './options.js'

export interface ReproduceOptions extends StudyOptions, WishedSettings {
  readonly device?: string
  /** As for `extract`. */
  readonly compositing?: Compositing
  /** As for `extract`. */
  readonly reuse?: ReuseChoice
  /** Ends of the heatmaps' colour scale. */
  readonly limits?: ColourLimits
  /** false: the report is left to another process, and nobody is waited for; true by default. */
  readonly report?: boolean
  /** Also the paper's rows that were not measured. */
  readonly paper?: boolean
  readonly onProgress?: ProgressListener
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
      compositing: kinds.text,
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
  const { device = 'auto', precision, compositing, reuse, limits } = options
  const request = parseDevice(device)
  checkPrecision(request, precision)
  checkCompositing(request, compositing)
  checkReuse(reuse)
  if (limits) checkLimits(limits)
  return request
}
