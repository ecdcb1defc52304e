import { z } from 'zod'
import { UsageError } from '../errors.js'
import type { ColourLimits } from './colormap.js'

/** Schema of an option for the ends of a colour scale. It is not in colormap.ts, because browsers load that file. */
export const colourLimits: z.ZodType<ColourLimits, ColourLimits> = z
  .strictObject({ low: z.number(), high: z.number() })
  .superRefine(checkLimits)

/** @throws UsageError unless `low` is below `high` and both are finite */
function checkLimits({ low, high }: ColourLimits): void {
  if (!(low < high) || !Number.isFinite(high - low))
    throw UsageError.of`limits ${low},${high} must be two finite numbers, the smaller one first, such as \`limits 0.88,1\``
}
