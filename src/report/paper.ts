import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnchorName } from '../engine/positions.js'
import { modelsFolder } from '../files/package.js'
import { catalog, isPublished } from '../networks/index.js'
import { WHITE } from '../patches/background.js'
import { PAPER_CLASSES, PAPER_PER_CLASS } from '../patches/cocoPatches.js'
import type { StudyGroup } from '../results/study.js'

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

/**
 * Whether a network was measured as the paper did, as far as its units can tell: the published weights, every position, hard
 * masks on white, float32, and twenty objects of each of ten classes.
 */
export function isPapersStudy({ model, stride, units }: StudyGroup): boolean {
  const entry = catalog().find(({ id }) => id === model)
  const first = units[0]?.inputs
  if (entry === undefined || entry.preset !== 'paper' || first === undefined) return false
  const { weightsSha256, background, blend, precision, pool, input } = first
  const isProtocol = stride === 1 && background === WHITE && blend === 'hard' && !precision && !pool && !input
  const counts = PAPER_CLASSES.map((wanted) => units.filter(({ inputs }) => inputs.category === wanted).length)
  return (
    isProtocol &&
    isPublished(entry, weightsSha256) === true &&
    units.length === PAPER_CLASSES.length * PAPER_PER_CLASS &&
    counts.every((count) => count === PAPER_PER_CLASS)
  )
}
