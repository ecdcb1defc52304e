import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnchorName } from '../engine/positions.js'
import { modelsFolder } from '../files/package.js'

/** A cell of the paper's Table 1 (size 125) or 2 (size 75). */
export interface PaperSimilarity {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly anchor: AnchorName
  readonly mean: number
  readonly std: number
}

/** A cell of the paper's Table 3 (size 125) or 4 (size 75). */
export interface PaperSeparability {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly task: string
  readonly accuracy: number
  readonly std: number
}

/** The fold scheme of the paper's Tables 3 and 4. */
export const PAPER_FOLDS = 'ordered'

/** The paper's tables (Lee, Yang, Wang 2020). */
export interface PaperTables {
  readonly similarity: readonly PaperSimilarity[]
  readonly separability: readonly PaperSeparability[]
}

/** Reads the paper's tables, which come with the package. */
export function paperTables(): PaperTables {
  return JSON.parse(readFileSync(join(modelsFolder(), 'paper-tables.json'), 'utf8')) as PaperTables
}
