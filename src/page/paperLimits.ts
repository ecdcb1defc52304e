import type { ColourLimits } from '../plot/colormap.js'

/** The paper's limits of the colour scale: 0.88 is black, 1 is white. */
export const PAPER_LIMITS: ColourLimits = { low: 0.88, high: 1 }
