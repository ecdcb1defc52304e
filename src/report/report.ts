import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkOptions, kinds } from '../checkedOptions.js'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { throwIfStopped, UsageError } from '../errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { removeStaleTemporaries } from '../files/temporaries.js'
import { catalog } from '../networks/index.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { type ArithmeticStudy, readArithmeticStudies } from '../results/arithmeticStudy.js'
import { summarizeArithmetic } from '../results/arithmeticSummary.js'
import { metricsCsv } from '../results/metrics.js'
import { noUnits } from '../results/openResults.js'
import { meanMap, readStudy, type StudyGroup } from '../results/study.js'
import { type Summary, summarize } from '../results/summary.js'
import { arithmeticSections } from './arithmeticSection.js'
import { arithmeticTables } from './arithmeticTables.js'
import { chartSections } from './charts/sections.js'
import type { ColourLimits } from './colormap.js'
import { type Figure, paperFigures } from './figures/figures.js'
import { figuresSection, writeFigures } from './figures/files.js'
import { findingsSection } from './findings/document.js'
import { writeFindings } from './findings/files.js'
import { type ClaimFinding, findingsOf } from './findings/findings.js'
import { leadOf } from './findings/lead.js'
import { heatmapName, heatmapPng } from './heatmap.js'
import { overviewSection } from './overview.js'
import { isPapersStudy, paperTables } from './paper.js'
import { PAPER_LIMITS } from './paperLimits.js'
import { protocolNote } from './protocolNote.js'
import { provenanceSection } from './provenance.js'
import type { ReportSection } from './section.js'
import { stageFolder } from './stagedFolder.js'
import { tableCsv } from './tables/csv.js'
import { tableLatex } from './tables/latex.js'
import { tableMarkdown } from './tables/markdown.js'
import {
  answerTables,
  foldTables,
  type IsPapers,
  nullBaselineTables,
  type ResultTable,
  separabilityTables,
  similarityTables,
} from './tables/model.js'
import { tablesSection } from './tables/section.js'
import { resultsPage } from './viewer/page.js'
import { siteWriter } from './viewer/site.js'
import type { SiteIndex } from './viewer/siteIndex.js'

export interface ReportOptions {
  /** Also the rows of the paper's tables that were not measured. */
  readonly paper?: boolean
  /** Ends of the heatmaps' colour scale; the paper's 0.88 and 1 by default. */
  readonly limits?: ColourLimits
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/** @throws UsageError for ends of a colour scale that do not rise */
export function checkLimits({ low, high }: ColourLimits): void {
  if (!(low < high) || !Number.isFinite(high - low))
    throw new UsageError(`limits ${low},${high} are not two rising numbers; use \`limits 0.88,1\``)
}

/**
 * Makes metrics.csv, summary.json, tables, heatmaps, figures, findings and the page with its files of a results folder
 * from its stored units. The same units give the same bytes.
 * @throws InputError if the folder has neither units nor arithmetic, or a damaged one; the signal's reason while units are
 *   read, which leaves the former report as it was
 */
export async function writeReport(results: string, options: ReportOptions = {}): Promise<Summary> {
  checkOptions(options, {
    optional: { paper: kinds.flag, limits: kinds.limits, onProgress: kinds.callback, signal: kinds.signal },
  })
  const { paper = false, limits = PAPER_LIMITS, onProgress, signal } = options
  const progress = progressTo(onProgress)
  checkLimits(limits)
  const arithmetic = await readArithmeticStudies(results)
  const hasUnits = await isFolder(join(results, 'units'))
  if (!hasUnits && arithmetic.length === 0) throw await noUnits(results)
  await removeStaleTemporaries(results)
  if (!hasUnits) return reportArithmetic(results, arithmetic)
  const site = stageFolder(join(results, 'site'))
  try {
    const study = await site.fill((folder) => readWithSite(results, folder, limits, progress, signal))
    const contents = contentsOf(study, arithmetic, paper, limits)
    if (contents.warning !== undefined) progress.note(contents.warning)
    await writeContents(results, study.groups, contents, limits)
    // The site takes its place directly before the page that goes with it: what fails or is killed earlier leaves the
    // former page with the former maps.
    await site.takePlace()
    await writeFileAtomic(
      join(results, 'index.html'),
      resultsPage(study.index, contents.sections, leadOf(contents.findings, study.groups)),
    )
    return contents.summary
  } finally {
    await site.remove()
  }
}

/** What the report rests on, read in one pass. */
interface ReadStudy {
  readonly groups: readonly StudyGroup[]
  readonly summary: Summary
  readonly index: SiteIndex
}

/** What a report says, heatmaps and the site apart. */
interface ReportContents {
  readonly summary: Summary
  readonly tables: readonly ResultTable[]
  readonly findings: readonly ClaimFinding[]
  readonly figures: readonly Figure[]
  readonly sections: readonly ReportSection[]
  /** That numbers of one folder were measured otherwise than others; undefined: they were not. */
  readonly warning: string | undefined
}

function contentsOf(
  { groups, summary: ofUnits }: ReadStudy,
  arithmetic: readonly ArithmeticStudy[],
  paper: boolean,
  limits: ColourLimits,
): ReportContents {
  const findings = findingsOf(groups)
  const summary: Summary = {
    ...ofUnits,
    findings: findings.map(({ evidence, source, rule, ...finding }) => finding),
    ...(arithmetic.length > 0 && summarizeArithmetic(arithmetic)),
  }
  const warning = protocolNote(groups)
  const published = paperTables()
  const papers = groups.filter(isPapersStudy)
  const isPapers: IsPapers = (model, size) => papers.some((group) => group.model === model && group.size === size)
  const tables = [
    ...answerTables(summary.measures),
    ...similarityTables(summary.similarity, published.similarity, paper, isPapers),
    ...separabilityTables(summary, published.separability, paper, isPapers),
    ...foldTables(summary),
    ...nullBaselineTables(summary.nullBaseline),
  ].map((table) => (warning === undefined ? table : { ...table, note: `${table.note} ${warning}` }))
  const figures = paperFigures(groups, limits)
  const sections: readonly ReportSection[] = [
    findingsSection(findings),
    overviewSection(groups, summary.similarity, limits),
    tablesSection(tables),
    figuresSection(figures),
    ...chartSections(summary),
    ...arithmeticSections(arithmetic),
    provenanceSection(groups),
  ]
  const all = [...tables, ...arithmeticTables(summary.arithmeticAccuracy ?? [])]
  return { summary, tables: all, findings, figures, sections, warning }
}

/** Writes all that is neither the site nor the page. */
async function writeContents(
  results: string,
  groups: readonly StudyGroup[],
  { summary, tables, findings, figures }: ReportContents,
  limits: ColourLimits,
): Promise<void> {
  await writeFileAtomic(join(results, 'metrics.csv'), metricsCsv(groups.flatMap(({ metrics }) => metrics)))
  await writeFileAtomic(join(results, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeTables(results, tables)
  await writeFolderAtomic(join(results, 'heatmaps'), async (folder) => {
    for (const group of groups) await writeHeatmaps(folder, group, limits)
  })
  await writeFindings(results, findings)
  await writeFigures(results, figures)
}

/** The report of a folder that holds arithmetic alone. */
async function reportArithmetic(results: string, arithmetic: readonly ArithmeticStudy[]): Promise<Summary> {
  const summary = { ...summarize([]), ...summarizeArithmetic(arithmetic) }
  await writeFileAtomic(join(results, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
  await writeTables(results, arithmeticTables(summary.arithmeticAccuracy))
  await writeFileAtomic(join(results, 'index.html'), resultsPage(null, arithmeticSections(arithmetic)))
  return summary
}

async function writeTables(results: string, tables: readonly ResultTable[]): Promise<void> {
  await writeFolderAtomic(join(results, 'tables'), async (folder) => {
    for (const table of tables) {
      await writeFileAtomic(join(folder, `${table.name}.md`), tableMarkdown(table))
      await writeFileAtomic(join(folder, `${table.name}.csv`), tableCsv(table))
      await writeFileAtomic(join(folder, `${table.name}.tex`), tableLatex(table))
    }
  })
}

const STOPPED = 'stopped; the former report, if there is one, is as it was'

/** Reads the study and writes the viewer's files of each unit in the same pass. */
async function readWithSite(
  results: string,
  folder: string,
  limits: ColourLimits,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<ReadStudy> {
  const site = siteWriter(results, folder)
  const order = catalog().map(({ id }) => id)
  let done = 0
  const groups = await readStudy(results, order, {
    onCount: (units) => progress.start('report', units, { unit: 'units', before: 0 }),
    onUnit: async (unit, maps) => {
      throwIfStopped(signal, STOPPED)
      await site.onUnit(unit, maps)
      progress.update(++done)
    },
  }).finally(() => progress.stop())
  const summary = summarize(groups)
  return { groups, summary, index: await site.finish(groups, summary, limits) }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  )
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
