import { type Compositing, checkCompositing, checkPrecision } from '../engine/choice.js'
import { type DeviceRequest, parseDevice } from '../engine/device.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Progress } from '../progress.js'
import type { ColourLimits } from '../report/heatmap.js'
import { checkLimits } from '../report/report.js'
import type { StudyOptions } from './options.js'

export interface ReproduceOptions extends StudyOptions, WishedSettings {
  readonly device?: string
  /** As for `extract`. */
  readonly compositing?: Compositing
  /** Ends of the heatmaps' colour scale. */
  readonly limits?: ColourLimits
  /** Also the paper's rows that were not measured. */
  readonly paper?: boolean
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** The wanted device. @throws UsageError for it and what has to go with it, before anything is read */
export function checkedRequest({ device = 'auto', precision, compositing, limits }: ReproduceOptions): DeviceRequest {
  const request = parseDevice(device)
  checkPrecision(request, precision)
  checkCompositing(request, compositing)
  if (limits) checkLimits(limits)
  return request
}
