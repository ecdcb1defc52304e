import { join } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { throwIfStopped } from '../errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { rm } from '../files/retried.js'
import { removeDeadTemporaries } from '../files/temporaries.js'
import { catalog } from '../networks/index.js'
import { writePage } from '../page/oneFile.js'
import { resultsPage } from '../page/page.js'
import type { ReportSection } from '../page/section.js'
import { siteWriter } from '../page/site.js'
import type { SiteIndex } from '../page/siteIndex.js'
import { type ColourLimits, PAPER_LIMITS } from '../plot/colormap.js'
import { colourLimits } from '../plot/colourLimits.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { arithmeticRows } from '../results/arithmeticRows.js'
import { type ArithmeticStudy, readArithmeticStudies } from '../results/arithmeticStudy.js'
import { groupsOfUnits, noUnits, unitFolders } from '../results/openResults.js'
import { checkPairs, type NetworkPair, pairsAmong, pairsSchema, storedPairs } from '../results/pairs.js'
import { renewMeasures } from '../results/renewedMeasures.js'
import {
  baselineRows,
  type MeanRow,
  metricsCsv,
  type Row,
  type SummaryRow,
  summaryJson,
  summaryRows,
} from '../results/rows.js'
import { meanMap, readStudy, type StudyGroup } from '../results/study.js'
import { distinct } from '../support/lists.js'
import { callback, checkText, type GivenOptions, kinds, parseOptions } from '../support/optionChecks.js'
import { arithmeticSections } from './arithmeticSection.js'
import { chartsSection } from './charts/sections.js'
import { type DisplayLabels, displayNames, type TextOf } from './displayNames.js'
import { type Figure, figuresSection, paperFigures, writeFigures } from './figures/figures.js'
import { findingsMarkdown, findingsSections } from './findings/document.js'
import type { ClaimFinding } from './findings/finding.js'
import { findingsOf } from './findings/findings.js'
import { leadOf } from './findings/lead.js'
import { heatmapName, heatmapPng } from './heatmap.js'
import { nextSection } from './nextSteps.js'
import { overviewSection } from './overview.js'
import { isPapersStudy, paperRows } from './paper.js'
import { protocolNote, provenanceSection } from './provenance.js'
import { isOfArithmetic, NO_PAPER, type ResultTable, resultTables, tableFile, tablesHtml } from './tables/tables.js'

const OPTIONS = {
  /**
   * Ends of the maps' colour scales. By default, they are 0.88 and 1 on the page, as in the paper, and in figures they
   * follow from each layer's values.
   */
  limits: colourLimits.exactOptional(),
  /** Texts for names of networks and layers in figures and LaTeX tables. */
  labels: z.record(z.string(), z.string()).default({}),
  /** Pairs of networks to compare, beside those of the catalog; by default those that `reproduce` stored. */
  pairs: pairsSchema.exactOptional(),
  /** Also writes the page as this one HTML file of at most 40 MB, which needs no files beside it. */
  oneFile: z.string().exactOptional(),
  /** Receives progress events and notes. */
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops the work, but only while stored results are read. The call then rejects with the signal's reason. */
  signal: kinds.signal.exactOptional(),
}

/** Options of `writeReport`. */
export interface ReportOptions extends GivenOptions<typeof OPTIONS> {}

/** Numbers and findings of a study. */
export interface Report {
  /** Rows of summary.json. */
  readonly rows: readonly SummaryRow[]
  /** Findings of findings.json. */
  readonly findings: readonly ClaimFinding[]
}

/**
 * Writes the report of a results folder from its stored results: metrics.csv, summary.json, tables, heatmaps, figures,
 * findings and the page. From the same results, it always writes the same bytes.
 * @param results results folder, as `reproduce` wrote it
 * @throws UsageError for invalid options, or if `oneFile` is in the folder `site`
 * @throws InputError if the folder has neither units nor feature arithmetic, or if a stored result is damaged
 * @throws OutputError if the report cannot be written
 * @throws the signal's reason after an abort, and then the previous report stays
 */
export async function writeReport(results: string, options: ReportOptions = {}): Promise<Report> {
  return (await writeMeasuredReport(results, options)).report
}

/** A report with its rows, whose variants are records. */
export interface MeasuredReport {
  readonly report: Report
  readonly rows: readonly MeanRow[]
}

/** Writes a report; see `writeReport`. */
export async function writeMeasuredReport(results: string, options: ReportOptions = {}): Promise<MeasuredReport> {
  checkText(results, 'a results folder')
  const checked = parseOptions(options, OPTIONS)
  const { limits: givenLimits, labels, pairs: given, oneFile, onProgress, signal } = checked
  const limits = givenLimits ?? PAPER_LIMITS
  const progress = progressTo(onProgress)
  const arithmetic = await readArithmeticStudies(results)
  const hasUnits = (await groupsOfUnits(results)).length > 0
  if (!hasUnits && arithmetic.length === 0) throw await noUnits(results)
  await removeDeadTemporaries(results)
  if (!hasUnits) return reportArithmetic(results, arithmetic, labels, oneFile, progress)
  const stored = await storedPairs(results)
  // The site and the page are replaced last. If anything fails earlier, the previous page and its maps stay.
  const { index, contents } = await writeFolderAtomic(
    join(results, 'site'),
    async (folder) => {
      const { groups, index } = await readWithSite(results, folder, limits, progress, signal)
      if (given !== undefined) checkPairs(given, [...new Set(groups.map(({ model }) => model))])
      const pairs = pairsAmong(groups, given ?? stored)
      const contents = contentsOf(groups, index, pairs, arithmetic, labels, givenLimits)
      return {
        groups,
        index: { ...index, ...(pairs.length > 0 && { pairs }) },
        contents,
      }
    },
    async ({ groups, contents }) => {
      if (contents.warning !== undefined) progress.note(contents.warning)
      await writeContents(results, groups, contents, limits)
    },
  )
  const htmlOf = (shown: SiteIndex | null) =>
    resultsPage(shown, contents.sections, leadOf(shown ?? index, contents.findings))
  await writePage({ folder: results, index, htmlOf }, oneFile, progress)
  return measuredReport(contents.rows, contents.findings)
}

/** The contents of a report, except for the heatmaps and the site. */
interface ReportContents {
  readonly rows: readonly Row[]
  readonly tables: readonly ResultTable[]
  readonly findings: readonly ClaimFinding[]
  readonly figures: readonly Figure[]
  readonly sections: readonly ReportSection[]
  readonly warning: string | undefined
  readonly textOf: TextOf
}

function contentsOf(
  groups: readonly StudyGroup[],
  index: SiteIndex,
  pairs: readonly NetworkPair[],
  arithmetic: readonly ArithmeticStudy[],
  labels: DisplayLabels,
  limits: ColourLimits | undefined,
): ReportContents {
  const rows = [...groups.flatMap(({ numbers }) => numbers), ...baselineRows(groups), ...arithmeticRows(arithmetic)]
  const textOf = displayNames(rows, labels)
  const findings = findingsOf(groups, pairs)
  const warning = protocolNote(groups)
  const papers = groups.filter(isPapersStudy)
  const isPapers = (model: string, size: number) => papers.some((group) => group.model === model && group.size === size)
  const tables = resultTables(rows, { rows: paperRows(), isPapers }).map((table) =>
    warning === undefined || isOfArithmetic(table) ? table : { ...table, note: `${table.note} ${warning}` },
  )
  const figures = paperFigures(groups, pairs, textOf, limits)
  const ofUnits = tables.filter((table) => !isOfArithmetic(table))
  const appendix: readonly ReportSection[] = [
    chartsSection(rows),
    overviewSection(groups, limits ?? PAPER_LIMITS),
    { id: 'tables', title: 'Tables', html: tablesHtml(ofUnits) },
    figuresSection(figures, arithmetic.length > 0),
    ...arithmeticSections(arithmetic, tables.filter(isOfArithmetic)),
    provenanceSection(groups),
  ]
  const folded = appendix.filter(({ html }) => html !== '').map((one) => ({ ...one, isFolded: true }))
  const sections = [...findingsSections(findings, rows), nextSection(index), ...folded]
  return { rows, tables, findings, figures, sections, warning, textOf }
}

/** Writes everything except the site and the page. */
async function writeContents(
  results: string,
  groups: readonly StudyGroup[],
  { rows, tables, findings, figures, textOf }: ReportContents,
  limits: ColourLimits,
): Promise<void> {
  await writeFileAtomic(join(results, 'metrics.csv'), metricsCsv(rows))
  await writeFileAtomic(join(results, 'summary.json'), summaryJson(summaryRows(rows)))
  await writeTables(results, tables, textOf)
  await writeFolderAtomic(join(results, 'heatmaps'), async (folder) => {
    for (const group of groups) await writeHeatmaps(folder, group, limits)
  })
  await writeFileAtomic(join(results, 'findings.md'), findingsMarkdown(findings))
  await writeFileAtomic(join(results, 'findings.json'), `${JSON.stringify(findings, null, 2)}\n`)
  await writeFigures(results, figures)
}

/** Writes the report of a folder that has only results of feature arithmetic. */
async function reportArithmetic(
  results: string,
  arithmetic: readonly ArithmeticStudy[],
  labels: DisplayLabels,
  oneFile: string | undefined,
  progress: Progress,
): Promise<MeasuredReport> {
  const rows = arithmeticRows(arithmetic)
  const tables = resultTables(rows, NO_PAPER)
  await writeFileAtomic(join(results, 'summary.json'), summaryJson(summaryRows(rows)))
  await writeTables(results, tables, displayNames(rows, labels))
  const title = `Feature arithmetic in ${distinct(arithmetic.map(({ model }) => model)).join(', ')}`
  const html = resultsPage(null, arithmeticSections(arithmetic, tables), undefined, title)
  await writePage({ folder: results, index: null, htmlOf: () => html }, oneFile, progress)
  // An earlier report may have left these entries. The units from which it made them no longer exist.
  for (const name of ['metrics.csv', 'heatmaps', 'figures', 'findings.md', 'findings.json', 'site'])
    await rm(join(results, name), { recursive: true, force: true })
  return measuredReport(rows, [])
}

function measuredReport(rows: readonly Row[], findings: readonly ClaimFinding[]): MeasuredReport {
  return { report: { rows: summaryRows(rows), findings }, rows }
}

async function writeTables(results: string, tables: readonly ResultTable[], textOf: TextOf): Promise<void> {
  await writeFolderAtomic(join(results, 'tables'), async (folder) => {
    for (const table of tables)
      for (const format of ['md', 'csv', 'tex'] as const)
        await writeFileAtomic(join(folder, `${table.name}.${format}`), tableFile(table, format, textOf))
  })
}

const STOPPED = 'stopped; the previous report, if there is one, is unchanged'

/** Reads the units. While a unit is in memory, its files for the viewer are written. */
async function readWithSite(
  results: string,
  folder: string,
  limits: ColourLimits,
  progress: Progress,
  signal: AbortSignal | undefined,
) {
  await renewMeasures((await unitFolders(results)).flat(), {
    onStart: (units) => progress.start('measures', units, { unit: 'units', before: 0 }),
    onUnit: (done) => {
      throwIfStopped(signal, STOPPED)
      progress.update(done)
    },
  }).finally(() => progress.stop())
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
  return { groups, index: await site.finish(groups, limits) }
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
