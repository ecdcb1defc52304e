import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnchorName } from '../../engine/scene/positions.js'
import type { Task } from '../../experiments/classifiers/folds.js'
import { modelsFolder } from '../../files/package.js'
import { catalog, isPublished } from '../../networks/catalog/catalog.js'
import { WHITE } from '../../patches/background.js'
import { PAPER_CLASSES, PAPER_PER_CLASS } from '../../patches/cocoPatches.js'
import type { MeanRow } from '../../results/measures/rows.js'
import type { StudyGroup } from '../../results/store/study.js'

/** Numbers of the paper (Lee, Yang and Wang 2020): Tables 1 and 2 in `similarity`, Tables 3 and 4 in `separability`. */
interface PaperTables {
  readonly similarity: readonly (Place & { readonly anchor: AnchorName; readonly mean: number; readonly std: number })[]
  readonly separability: readonly (Place & { readonly task: Task; readonly accuracy: number; readonly std: number })[]
}

type Place = Pick<MeanRow, 'model' | 'layer' | 'size'>

/** How positions are split into folds in the paper's Tables 3 and 4. */
const PAPER_FOLDS = 'ordered' as const

export function paperRows(): readonly MeanRow[] {
  const file = join(modelsFolder(), 'paper-tables.json')
  const { similarity, separability } = JSON.parse(readFileSync(file, 'utf8')) as PaperTables
  const rows = [
    ...similarity.map(({ anchor, ...row }) => ({ ...row, metric: 'similarity-mean', variant: { anchor } })),
    ...separability.map(({ task, accuracy, ...row }) => ({
      ...row,
      metric: 'separability-accuracy',
      variant: { task, scheme: PAPER_FOLDS },
      mean: accuracy,
    })),
  ]
  return rows.map((row) => ({ ...row, count: PAPER_CLASSES.length * PAPER_PER_CLASS }))
}

/**
 * Whether a network was measured as in the paper, as far as its stored results show. The paper used published weights,
 * every position, hard masks on white, float32, and twenty objects of each of ten classes.
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
    isPublished(entry, weightsSha256) &&
    units.length === PAPER_CLASSES.length * PAPER_PER_CLASS &&
    counts.every((count) => count === PAPER_PER_CLASS)
  )
}
