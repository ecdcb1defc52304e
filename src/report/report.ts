import { join } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES } from '../engine/scene/positions.js'
import { throwIfStopped } from '../errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { packageVersion } from '../files/package.js'
import { rm } from '../files/retried.js'
import { removeDeadTemporaries } from '../files/temporaries.js'
import { catalog } from '../networks/catalog/catalog.js'
import { writePage } from '../page/html/oneFile.js'
import { resultsPage } from '../page/html/page.js'
import type { ReportSection } from '../page/html/section.js'
import { sideText } from '../page/site/groups.js'
import { siteWriter } from '../page/site/site.js'
import type { SiteIndex } from '../page/site/siteIndex.js'
import { type ColourLimits, PAPER_LIMITS } from '../plot/colormap.js'
import { colourLimits } from '../plot/colourLimits.js'
import { panelLayout } from '../plot/panels.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../results/answers/read.js'
import { answerRows } from '../results/answers/rows.js'
import { photographsPath } from '../results/answers/store.js'
import { arithmeticRows } from '../results/arithmetic/rows.js'
import { type ArithmeticStudy, readArithmeticStudies } from '../results/arithmetic/study.js'
import {
  baselineRows,
  type MeanRow,
  metricsCsv,
  type Row,
  type SummaryRow,
  summaryJson,
  summaryRows,
} from '../results/measures/rows.js'
import { type OpenedNetwork, openedNetworks } from '../results/store/openedNetworks.js'
import { checkNotEarlier, compareText, groupsOfUnits, noUnits, unitFolders } from '../results/store/openResults.js'
import { checkPairs, type NetworkPair, pairsAmong, pairsSchema, storedPairs } from '../results/store/pairs.js'
import { renewMeasures } from '../results/store/renewedMeasures.js'
import { meanMap, readStudy, type StudyGroup } from '../results/store/study.js'
import { distinct } from '../support/lists.js'
import {
  type CheckedOptions,
  callback,
  checkText,
  type GivenOptions,
  parseOptions,
  schemas,
} from '../support/optionChecks.js'
import { counted, listedNames } from '../support/text.js'
import { arithmeticSections } from './arithmetic/section.js'
import { type DrawnFigure, figuresSection, paperFigures, writeFigures } from './figures/figures.js'
import { findingsMarkdown, findingsSections } from './findings/document.js'
import type { ClaimFinding } from './findings/finding.js'
import { findingsOf } from './findings/findings.js'
import { leadOf } from './findings/lead.js'
import { photographsTable } from './photographs/photographsTable.js'
import { type PictureReader, pictureReader } from './photographs/pictures.js'
import { photographsPart } from './photographs/section.js'
import { heatmapName, heatmapPng } from './sections/heatmap.js'
import { isPapersStudy, paperRows } from './sections/paper.js'
import { protocolNote, provenanceSection } from './sections/provenance.js'
import { isAbout, type ResultTable, resultTables, tableFile, tablesHtml } from './tables/tables.js'
import { displayNames, type TextOf } from './text/displayNames.js'
import { resultWarnings } from './warnings.js'

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
  signal: schemas.signal.exactOptional(),
}

/** Options of `writeReport`. */
export interface ReportOptions extends GivenOptions<typeof OPTIONS> {}

/** Numbers and findings of a study. */
export interface Report {
  /** Rows of summary.json. */
  readonly rows: readonly SummaryRow[]
  /** Findings of findings.json. */
  readonly findings: readonly ClaimFinding[]
  /** What a reader must know before the numbers, such as that the preprocessing of a network was not found. */
  readonly warnings: readonly string[]
}

/**
 * Writes the report of a results folder from its stored results: metrics.csv, summary.json, tables, heatmaps, figures,
 * findings and the page. From the same results, it always writes the same bytes.
 * @param results results folder, as `reproduce` or `consistency` wrote it
 * @throws UsageError for invalid options, or if `oneFile` is in the folder `site`
 * @throws InputError if the folder has no results, results of an earlier version, or a damaged one
 * @throws OutputError if the report cannot be written
 * @throws the signal's reason after an abort, and then the previous report stays
 */
export async function writeReport(results: string, options: ReportOptions = {}): Promise<Report> {
  return (await writeMeasuredReport(results, options)).report
}

/** A report with its rows, whose variants are records, and the networks that answered to photographs. */
export interface MeasuredReport {
  readonly report: Report
  readonly rows: readonly MeanRow[]
  readonly answers: readonly AnsweredNetwork[]
}

/** Writes a report; see `writeReport`. */
export async function writeMeasuredReport(results: string, options: ReportOptions = {}): Promise<MeasuredReport> {
  checkText(results, 'a results folder')
  const checked = parseOptions(options, OPTIONS)
  const { limits = PAPER_LIMITS, pairs: given, oneFile, onProgress, signal } = checked
  const progress = progressTo(onProgress)
  await checkNotEarlier(results)
  const hasUnits = (await groupsOfUnits(results)).length > 0
  const sources = {
    arithmetic: await readArithmeticStudies(results),
    answers: await readAnsweredNetworks(results),
    opened: await openedNetworks(results),
    pictureOf: await pictureReader(results),
  }
  if (!hasUnits && sources.arithmetic.length + sources.answers.length === 0) throw await noUnits(results)
  await removeDeadTemporaries(results)
  noteCopies(sources.answers, progress)
  const stored = await storedPairs(results)
  const site = join(results, 'site')
  const fill = async (folder: string): Promise<ReportContents> => {
    const { groups, index } = await readWithSite(results, folder, limits, progress, signal)
    if (given !== undefined) checkPairs(given, [...new Set(groups.map(({ model }) => model))])
    const pairs = pairsAmong(groups, given ?? stored)
    const shown = { ...index, ...(pairs.length > 0 && { pairs }) }
    return contentsOf({ ...sources, groups, index: shown, pairs }, checked)
  }
  const write = async (contents: ReportContents) => {
    if (contents.settingsNote !== undefined) progress.note(contents.settingsNote)
    await writeContents(results, contents, limits)
  }
  // The site and the page are replaced last. If anything fails earlier, the previous page and its maps stay.
  const contents = hasUnits
    ? await writeFolderAtomic(site, fill, write)
    : await contentsOf({ ...sources, groups: [], index: null, pairs: [] }, checked)
  if (!hasUnits) await write(contents)
  const { index, sections, findings, title, warnings } = contents
  const htmlOf = (shown: SiteIndex | null) => {
    const all = shown ?? index
    const opening = all === null ? undefined : leadOf(all, findings)
    return resultsPage(shown, sections, { opening, title, warnings })
  }
  await writePage({ folder: results, index, htmlOf }, oneFile, progress)
  // An earlier report may have left these entries. The results from which it made them no longer exist.
  const obsolete = [
    ...(hasUnits ? [] : ['metrics.csv', 'heatmaps', 'findings.md', 'findings.json', 'site']),
    ...(hasUnits || contents.figures.length > 0 ? [] : ['figures']),
  ]
  for (const name of obsolete) await rm(join(results, name), { recursive: true, force: true })
  const { rows, answers } = contents
  return { report: { rows: summaryRows(rows), findings, warnings }, rows, answers }
}

/** Says which photographs are left out because an earlier one has the same content. */
function noteCopies(answers: readonly AnsweredNetwork[], { note }: Progress): void {
  const copies = [...new Set(answers.flatMap((network) => network.copies))].sort(compareText)
  if (copies.length > 0)
    note(
      `skipping ${counted(copies.length, 'photograph')} with the same content as an earlier one, so that each counts once: ${listedNames(copies)}`,
    )
}

/** What a report is made of. */
interface ReportSources {
  readonly groups: readonly StudyGroup[]
  /** Null without units. */
  readonly index: SiteIndex | null
  readonly pairs: readonly NetworkPair[]
  readonly arithmetic: readonly ArithmeticStudy[]
  readonly answers: readonly AnsweredNetwork[]
  readonly opened: readonly OpenedNetwork[]
  readonly pictureOf: PictureReader
}

/** The contents of a report, except for the heatmaps and the site. */
interface ReportContents extends Pick<ReportSources, 'groups' | 'index' | 'answers'> {
  readonly rows: readonly Row[]
  readonly tables: readonly ResultTable[]
  readonly findings: readonly ClaimFinding[]
  readonly figures: readonly DrawnFigure[]
  readonly sections: readonly ReportSection[]
  readonly settingsNote: string | undefined
  readonly warnings: readonly string[]
  /** Title of the page; undefined for the title of a study with units. */
  readonly title: string | undefined
  readonly textOf: TextOf
}

async function contentsOf(
  sources: ReportSources,
  { labels, limits }: Pick<CheckedOptions<typeof OPTIONS>, 'labels' | 'limits'>,
): Promise<ReportContents> {
  const { groups, index, pairs, arithmetic, answers, opened, pictureOf } = sources
  const ofUnits = [...groups.flatMap(({ numbers }) => numbers), ...baselineRows(groups)]
  const rows = [...ofUnits, ...answerRows(answers), ...arithmeticRows(arithmetic)]
  const textOf = displayNames(rows, labels)
  const findings = findingsOf(groups, pairs)
  const settingsNote = protocolNote(groups)
  const papers = groups.filter(isPapersStudy)
  const isPapers = (model: string, size: number) => papers.some((group) => group.model === model && group.size === size)
  const units = groups.flatMap(({ units: [unit] }) => unit ?? [])
  const ofObjects = [...(settingsNote === undefined ? [] : [settingsNote]), ...resultWarnings({ units }, opened)]
  const ofPhotographs = resultWarnings({ answers }, opened)
  const tables = resultTables(rows, { rows: paperRows(), isPapers }).map((table) => {
    const own = isAbout('objects')(table) ? ofObjects : isAbout('photographs')(table) ? ofPhotographs : []
    return { ...table, note: [table.note, ...own].join(' ') }
  })
  const photographs =
    answers.length === 0
      ? { sections: [], figures: [] }
      : await photographsPart(answers, tables.filter(isAbout('photographs')), pictureOf)
  const ofArithmetic = arithmeticSections(arithmetic, tables.filter(isAbout('arithmetic')))
  const warnings = resultWarnings({ units, answers }, opened)
  const made = { groups, index, answers, rows, tables, findings, settingsNote, warnings, textOf }
  if (index === null)
    return {
      ...made,
      figures: photographs.figures,
      sections: [...photographs.sections, ...ofArithmetic],
      title: titleWithoutUnits(arithmetic, answers),
    }
  const figures = paperFigures(groups, pairs, textOf, limits)
  const source = sourceText(index)
  const appendix: readonly ReportSection[] = [
    { id: 'tables', title: 'Tables', html: tablesHtml(tables.filter(isAbout('objects'))) },
    figuresSection(figures, arithmetic.length > 0),
    ...ofArithmetic,
    provenanceSection(groups),
  ]
  const folded = appendix.filter(({ html }) => html !== '').map((one) => ({ ...one, isFolded: true }))
  return {
    ...made,
    figures: [...figures.map((figure) => ({ name: figure.name, layout: panelLayout(figure) })), ...photographs.figures],
    sections: [...findingsSections(findings, ofUnits, source), ...photographs.sections, ...folded],
    title: undefined,
  }
}

/** The last line of a chart's file. */
function sourceText({ groups }: SiteIndex): string {
  const steps = distinct(groups.map(({ stride }) => stride)).join(' or ')
  return `Sides: ${sideText(groups)}. Steps of the positions: ${steps} px. Shiftscope ${packageVersion()}`
}

function titleWithoutUnits(arithmetic: readonly ArithmeticStudy[], answers: readonly AnsweredNetwork[]): string {
  const [first, second] = answers
  if (first === undefined) return `Feature arithmetic in ${distinct(arithmetic.map(({ model }) => model)).join(', ')}`
  return `Shift consistency of ${second === undefined ? first.model : counted(answers.length, 'network')}`
}

/** Writes everything except the site and the page. */
async function writeContents(results: string, contents: ReportContents, limits: ColourLimits): Promise<void> {
  const { groups, answers, rows, tables, findings, figures, sections, warnings, textOf } = contents
  const charts = sections.flatMap((section) => section.charts ?? [])
  await writeFileAtomic(join(results, 'summary.json'), summaryJson(summaryRows(rows)))
  await writeTables(results, tables, textOf)
  for (const network of answers)
    await writeFileAtomic(photographsPath(results, network.model), photographsTable(network))
  if (groups.length > 0 || figures.length > 0) await writeFigures(results, figures, charts)
  if (groups.length === 0) return
  await writeFileAtomic(join(results, 'metrics.csv'), metricsCsv(rows))
  await writeFolderAtomic(join(results, 'heatmaps'), async (folder) => {
    for (const group of groups) await writeHeatmaps(folder, group, limits)
  })
  await writeFileAtomic(join(results, 'findings.md'), findingsMarkdown(findings, warnings))
  await writeFileAtomic(join(results, 'findings.json'), `${JSON.stringify(findings, null, 2)}\n`)
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
