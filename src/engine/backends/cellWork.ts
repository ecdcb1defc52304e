import type { CellGraphs, CellStep, CellSteps } from '../../networks/index.js'

/** A network in two parts, and what its first part computes. */
export interface CellWork {
  readonly graphs: CellGraphs
  readonly steps: readonly CellStep[]
  readonly shapes: CellSteps['shapes']
}
