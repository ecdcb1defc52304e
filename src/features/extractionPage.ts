import { join } from 'node:path'
import { ANCHOR_NAMES } from '../engine/scene/positions.js'
import { meanAndMin } from '../experiments/maps/mapMeasures.js'
import { writeFolderAtomic } from '../files/atomic.js'
import { answersLead } from '../page/html/answersLead.js'
import { writePage } from '../page/html/oneFile.js'
import { resultsPage } from '../page/html/page.js'
import type { ReportSection } from '../page/html/section.js'
import { type Kind, kindOf } from '../page/site/groups.js'
import { siteWriter } from '../page/site/site.js'
import type { AnswerSummary, SiteIndex } from '../page/site/siteIndex.js'
import { shareText } from '../page/text/text.js'
import type { ColourLimits } from '../plot/colormap.js'
import { escapeHtml } from '../plot/html.js'
import { decimalText } from '../plot/numberText.js'
import { tableHtml } from '../plot/tables.js'
import type { Progress } from '../progress.js'
import { groupRows } from '../results/measures/rows.js'
import type { OpenUnit } from '../results/store/openUnit.js'
import type { StudyGroup } from '../results/store/study.js'
import { mapAt } from '../results/unit/arrays.js'

/** Name that the page shows for a patch whose extract.json was not found. */
export const UNKNOWN_PATCH = 'unknown patch'

/** Stored features of one patch in one network. They are not part of a results folder. */
export interface ViewedExtraction {
  readonly unit: OpenUnit
  /** Folder with the pictures of the patch and the background, if they are stored. */
  readonly pictures: string
  /**
   * Whether an extract.json describes the feature array. If not, positions are shown as if they were one pixel apart.
   */
  readonly isDescribed: boolean
  /** Which positions replace anchors whose features are missing; undefined if none are missing. */
  readonly moved: string | undefined
}

/**
 * Writes `index.html` and the folder `site`. The previous ones stay until the new ones are complete.
 * @param oneFile file to which the page is also written as a whole
 * @returns path of the page, and whether it shows the object
 * @throws InputError if an array is damaged; OutputError if the page cannot be written
 */
export async function writeExtractionPage(
  out: string,
  extraction: ViewedExtraction,
  limits: ColourLimits,
  oneFile: string | undefined,
  progress: Progress,
): Promise<{ readonly page: string; readonly hasPicture: boolean }> {
  const { data: maps } = await extraction.unit.maps()
  const index = await writeFolderAtomic(join(out, 'site'), (folder) => writeSite(folder, extraction, maps, limits))
  const hasPicture = index.groups[0]?.units[0]?.picture != null
  const htmlOf = (shown: SiteIndex | null) =>
    resultsPage(shown, [extractionSection(extraction, maps, shown ?? index, hasPicture)], {
      opening: answersLead(shown ?? index),
    })
  await writePage({ folder: out, index, htmlOf }, oneFile, progress)
  return { page: join(out, 'index.html'), hasPicture }
}

async function writeSite(
  folder: string,
  { unit, pictures }: ViewedExtraction,
  maps: Float32Array,
  limits: ColourLimits,
): Promise<SiteIndex> {
  const { model, size, stride, layers } = unit.inputs
  const described = { model, size, frame: unit.frame, layers, units: [unit.description] }
  const group: StudyGroup = {
    ...described,
    stride,
    rows: unit.rows,
    cols: unit.cols,
    numbers: groupRows(described, [{ patch: unit.inputs.patch, numbers: await unit.measures() }], []),
    varieties: [],
    meanMaps: Float64Array.from(maps),
  }
  const site = siteWriter(pictures, folder)
  await site.onUnit(unit, maps)
  return site.finish([group], limits)
}

function extractionSection(
  { unit, isDescribed, moved }: ViewedExtraction,
  maps: Float32Array,
  { groups }: SiteIndex,
  hasPicture: boolean,
): ReportSection {
  const { model, patch, size, stride, background, blend } = unit.inputs
  const kind = kindOf({ size, frame: unit.frame })
  const positions = `${unit.rows} × ${unit.cols} positions`
  const facts = isDescribed
    ? `${model}, ${patch === UNKNOWN_PATCH ? `unknown ${kind}` : `${kind} ${patch}`} of ${size}×${size} px in a frame of ${unit.frame}×${unit.frame}, ${blend} blend${background && `, background ${background}`}; ${positions}, ${stride} px apart.`
    : `${positions}. No extract.json describes this array, so each position counts as one pixel.`
  const missing = hasPicture
    ? ''
    : `<p class="note">The picture of the object is not known, so this page cannot show it.</p>\n`
  const anchors = moved === undefined ? '' : `<p class="note">Note: ${escapeHtml(moved)}.</p>\n`
  const answers = answerHtml(kind, groups[0]?.units[0]?.answer, unit.rows * unit.cols)
  const kept = groups[0]?.units[0]?.features ?? []
  const head = ['layer', 'values', ...ANCHOR_NAMES, 'other anchors']
  const rows = unit.layers.map(({ name, dims }, i) => [
    name,
    String(dims),
    ...ANCHOR_NAMES.map((_, anchor) => {
      const { mean, min } = meanAndMin(mapAt(maps, unit, i, anchor))
      return { text: decimalText(mean, 3), below: [`(${decimalText(min, 3)})`] }
    }),
    kept[i] ? 'at any position' : 'no: too many features',
  ])
  const table = tableHtml({ title: 'Similarity to each anchor', head, rows })
  const html = `<p>${escapeHtml(facts)}</p>
${missing}${anchors}${answers}<p class="soft">Mean cosine similarity to each anchor over all positions, with the lowest in brackets.</p>
${table}`
  return { id: 'extraction', title: 'This extraction', html }
}

function answerHtml(kind: Kind, answer: AnswerSummary | undefined, positions: number): string {
  if (answer === undefined) return ''
  const { center, agreement } = answer
  const moved =
    positions === 1 ? '' : ` At two random positions, its answer is the same in ${shareText(agreement, 1)} of cases.`
  return `<p>With the ${kind} at the center, the network answers ${escapeHtml(center.name)} with a probability of ${decimalText(center.probability, 3)}.${moved}</p>
`
}
