import { join } from 'node:path'
import { ANCHOR_NAMES, type AnchorName } from '../../engine/positions.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import type { ReportSection } from '../../page/section.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import { layoutPng, layoutSvg } from '../../plot/layout.js'
import { meanMap, type StudyGroup } from '../../results/study.js'
import { counterpart, flippedOf, plainOf } from '../../results/versions.js'
import { type PanelGrid, type PanelMap, panelLayout } from './panels.js'

/** A figure and its file's name without extension. */
export interface Figure extends PanelGrid {
  readonly name: string
}

/** Numbers of the paper's figures of large and small patches. */
const PAPER_FIGURES: Readonly<Record<number, string>> = { 125: 'figure-3', 75: 'figure-4' }
const PAPER_NUMBERS: Readonly<Record<number, string>> = { 125: 'Figure 3: mean', 75: 'Figure 4: mean' }

/** The anchors that the paper's figures show. */
const SHOWN: readonly AnchorName[] = ['center', 'top-left']

/**
 * The paper's Figures 1, 3, 4 and 5 from whatever networks a study has. Figures 3 and 4 have a row for each network and
 * layer, the anti-aliased version beside the plain one; sizes other than the paper's get a figure like them. Figures 1
 * and 5 need a network and its anti-aliased or flip-free version.
 */
export function paperFigures(groups: readonly StudyGroup[], limits: ColourLimits): readonly Figure[] {
  const sizes = [...new Set(groups.map(({ size }) => size))].sort((a, b) => b - a)
  return [
    ...exampleFigure(groups, limits),
    ...sizes.map((size) =>
      heatmapFigure(
        groups.filter((group) => group.size === size),
        size,
        limits,
      ),
    ),
    ...flipFigure(groups, limits),
  ]
}

/** Figure 1: the last layer's map for the top-left anchor, plain beside anti-aliased, of the first such pair. */
function exampleFigure(groups: readonly StudyGroup[], limits: ColourLimits): readonly Figure[] {
  const pair = pairsOf(groups, plainOf)[0]
  if (pair === undefined) return []
  const layer = pair.plain.layers.at(-1) as string
  return [
    {
      name: 'figure-1-example',
      title: `Figure 1: similarity to the top-left anchor, ${pair.plain.model} ${layer}, ${pair.plain.size} px`,
      limits,
      columns: ['(a) plain', '(b) anti-aliased'],
      rows: [{ label: [layer], maps: [pair.plain, pair.other].map((group) => mapOf(group, layer, 'top-left')) }],
    },
  ]
}

/** Figures 3 and 4. */
function heatmapFigure(groups: readonly StudyGroup[], size: number, limits: ColourLimits): Figure {
  const pairs = new Map(pairsOf(groups, plainOf).map(({ plain, other }) => [plain, other]))
  const alone = groups.filter((group) => ![...pairs.values()].includes(group))
  const hasPairs = pairs.size > 0
  const rows = alone.flatMap((group) =>
    group.layers.map((layer) => {
      const sides = plainOf(group.model) === undefined ? [group, pairs.get(group)] : [undefined, group]
      const versions = hasPairs ? sides : [group]
      return { label: [group.model, layer], maps: versions.flatMap((one) => SHOWN.map((at) => mapOf(one, layer, at))) }
    }),
  )
  const columns = hasPairs ? ['plain', 'anti-aliased'].flatMap((one) => SHOWN.map((at) => `${one}, ${at}`)) : SHOWN
  const title = `${PAPER_NUMBERS[size] ?? 'Mean'} similarity to the center and top-left anchors, patches of ${size} px`
  return { name: `${PAPER_FIGURES[size] ?? 'heatmaps'}-patches-${size}`, title, limits, columns, rows }
}

/** Figure 5: the last layer with and without horizontal flips in training, large patches. */
function flipFigure(groups: readonly StudyGroup[], limits: ColourLimits): readonly Figure[] {
  const pair = pairsOf(groups, flippedOf)[0]
  if (pair === undefined) return []
  const layer = pair.plain.layers.at(-1) as string
  const row = (group: StudyGroup, label: string) => ({
    label: [group.model, label],
    maps: SHOWN.map((at) => mapOf(group, layer, at)),
  })
  return [
    {
      name: 'figure-5-flip',
      title: `Figure 5: with and without horizontal flips in training, ${layer}, ${pair.plain.size} px`,
      limits,
      columns: SHOWN,
      rows: [row(pair.plain, 'with flips'), row(pair.other, 'without flips')],
    },
  ]
}

/** Groups whose network is a version of another's that saw the same and shares its last layer, in their order. */
function pairsOf(
  groups: readonly StudyGroup[],
  originalOf: (model: string) => string | undefined,
): readonly { readonly plain: StudyGroup; readonly other: StudyGroup }[] {
  return groups
    .flatMap((other) => {
      const original = originalOf(other.model)
      const plain = counterpart(
        other,
        groups.filter(({ model }) => model === original),
      )
      return plain !== undefined && other.layers.includes(plain.layers.at(-1) as string) ? [{ plain, other }] : []
    })
    .sort((a, b) => b.plain.size - a.plain.size || groups.indexOf(a.plain) - groups.indexOf(b.plain))
}

function mapOf(group: StudyGroup | undefined, layer: string, anchor: AnchorName): PanelMap | undefined {
  const index = group?.layers.indexOf(layer) ?? -1
  if (group === undefined || index < 0) return undefined
  const { rows, cols, stride } = group
  return { values: meanMap(group, index, ANCHOR_NAMES.indexOf(anchor)), rows, cols, stride }
}

/** Writes figures as PNG and SVG into the folder `figures` of a results folder. */
export async function writeFigures(results: string, figures: readonly Figure[]): Promise<void> {
  await writeFolderAtomic(join(results, 'figures'), async (folder) => {
    for (const figure of figures) {
      const layout = panelLayout(figure)
      await writeFileAtomic(join(folder, `${figure.name}.png`), await layoutPng(layout))
      await writeFileAtomic(join(folder, `${figure.name}.svg`), await layoutSvg(layout))
    }
  })
}

/** The figures that were written, as a section of the page beside their folder; their titles are in the pictures. */
export function figuresSection(figures: readonly Figure[]): ReportSection {
  const parts = figures.map((figure) => {
    const { name, title } = figure
    const { width, height } = panelLayout(figure)
    const file = `figures/${encodeURIComponent(name)}`
    return `<figure style="margin:1.2rem 0"><img src="${file}.svg" alt="${escapeHtml(title)}" width="${width}" height="${height}" loading="lazy" style="max-width:100%;height:auto">
<figcaption>${fileLinks(file, ['svg', 'png'])}</figcaption></figure>`
  })
  return { id: 'figures', title: 'Figures of the paper', html: parts.join('\n') }
}
