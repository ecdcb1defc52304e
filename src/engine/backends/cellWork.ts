import type { CellGraphs } from '../reuse/cellGraphs.js'
import type { CellStep, CellSteps } from '../reuse/cellStep.js'

/** A network in two parts, and what its first part computes. */
export interface CellWork {
  readonly graphs: CellGraphs
  readonly steps: readonly CellStep[]
  readonly shapes: CellSteps['shapes']
}
