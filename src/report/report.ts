import { join } from 'node:path'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { UsageError } from '../errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { catalog } from '../networks/index.js'
import { metricsCsv } from '../results/metrics.js'
import { meanMap, readStudy, type StudyGroup } from '../results/study.js'
import { type Summary, summarize } from '../results/summary.js'
import { explainFolds } from './folds.js'
import { type ColourLimits, heatmapPng, PAPER_LIMITS } from './heatmap.js'
import { heatmapName, resultsPage } from './page.js'
import { paperTables } from './paper.js'
import {
  nullBaselineTables,
  separabilityTables,
  similarityTables,
  tableCsv,
  tableLatex,
  tableMarkdown,
} from './tables.js'

export interface ReportOptions {
  /** Also the rows of the paper's tables that were not measured. */
  readonly paper?: boolean
  /** Ends of the heatmaps' colour scale; the paper's 0.88 and 1 by default. */
  readonly limits?: ColourLimits
}

/**
 * Makes metrics.csv, summary.json, tables, heatmaps and index.html of a results folder from its stored units (SPEC
 * section 4). The same units give the same bytes.
 * @throws InputError if the folder has no units or a damaged one
 */
export async function writeReport(
  results: string,
  { paper = false, limits = PAPER_LIMITS }: ReportOptions = {},
): Promise<Summary> {
  if (!(limits.low < limits.high) || !Number.isFinite(limits.high - limits.low))
    throw new UsageError(`limits ${limits.low},${limits.high} are not two rising numbers; use --limits 0.88,1`)
  const groups = await readStudy(
    results,
    catalog().map(({ id }) => id),
  )
  const summary = summarize(groups)
  const published = paperTables()
  const tables = [
    ...similarityTables(summary.similarity, published.similarity, paper),
    ...separabilityTables(summary.separability, published.separability, paper),
    ...nullBaselineTables(summary.nullBaseline),
  ]
  await writeFileAtomic(join(results, 'metrics.csv'), metricsCsv(groups.flatMap(({ metrics }) => metrics)))
  await writeFileAtomic(join(results, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeFolderAtomic(join(results, 'tables'), async (folder) => {
    for (const table of tables) {
      await writeFileAtomic(join(folder, `${table.name}.md`), tableMarkdown(table))
      await writeFileAtomic(join(folder, `${table.name}.csv`), tableCsv(table))
      await writeFileAtomic(join(folder, `${table.name}.tex`), tableLatex(table))
    }
  })
  await writeFolderAtomic(join(results, 'heatmaps'), async (folder) => {
    for (const group of groups) await writeHeatmaps(folder, group, limits)
  })
  await writeFileAtomic(
    join(results, 'index.html'),
    resultsPage(groups, tables, explainFolds(summary.separability), limits),
  )
  return summary
}

async function writeHeatmaps(folder: string, group: StudyGroup, limits: ColourLimits): Promise<void> {
  for (const [i, layer] of group.layers.entries()) {
    for (const [j, anchor] of ANCHOR_NAMES.entries()) {
      const map = meanMap(group, i, j)
      const path = join(folder, heatmapName(group.model, layer, group.size, anchor))
      await writeFileAtomic(`${path}.png`, await heatmapPng(map, group.rows, group.cols, limits))
      await writeNpy(`${path}.npy`, [group.rows, group.cols], Float32Array.from(map))
    }
  }
}
