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

/** The paper's tables (Lee, Yang, Wang 2020). */
export interface PaperTables {
  readonly similarity: readonly PaperSimilarity[]
}

/** Reads the paper's tables, which come with the package. */
export function paperTables(): PaperTables {
  return JSON.parse(readFileSync(join(modelsFolder(), 'paper-tables.json'), 'utf8')) as PaperTables
}
