import { join } from 'node:path'
import { ANCHOR_NAMES, type AnchorName, positionRange } from '../../engine/positions.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import type { ReportSection } from '../../page/section.js'
import { comparedSizes, measuredText, sizeName, sizeText, subjectOf } from '../../patches/sizes.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import { layoutPng, layoutSvg } from '../../plot/layout.js'
import { percentText } from '../../plot/numberText.js'
import type { NetworkPair } from '../../results/pairs.js'
import { meanMap, type StudyGroup } from '../../results/study.js'
import { counterpart } from '../../results/versions.js'
import { meanAndStd } from '../../support/statistics.js'
import { type PanelGrid, type PanelMap, panelLayout } from './panels.js'

export interface Figure extends PanelGrid {
  /** File name without extension. */
  readonly name: string
  readonly caption: string
}

const PAPER_FIGURES: Readonly<Record<number, string>> = { 125: 'figure-3', 75: 'figure-4' }
const PAPER_NUMBERS: Readonly<Record<number, string>> = { 125: 'Figure 3: mean', 75: 'Figure 4: mean' }

/** Anchors that the paper's figures show. */
const SHOWN: readonly AnchorName[] = ['center', 'top-left']

/**
 * Makes the paper's Figures 1, 3, 4 and 5, as far as the study has the networks for them. Figures 3 (patches of 125 px)
 * and 4 (75 px) show each plain network beside its anti-aliased version. Other patch sizes, photographs and the given
 * pairs get similar figures. All networks with only one version are in one figure per patch size.
 */
export function paperFigures(
  groups: readonly StudyGroup[],
  pairs: readonly NetworkPair[],
  limits: ColourLimits,
): readonly Figure[] {
  const compared = comparedSizes(groups)
  const sizes = [...new Set(groups.map(compared))].sort((a, b) => b - a)
  const versions = pairsOf(groups, pairs)
  const ofObjects = versions.filter(({ plain }) => subjectOf(plain) === 'objects')
  return [
    ...exampleFigure(ofObjects, limits),
    ...sizes.flatMap((size) => {
      const ofSize = groups.filter((group) => compared(group) === size)
      const pairsOfSize = versions.filter(({ other }) => ofSize.includes(other))
      return heatmapFigures(ofSize, pairsOfSize, size, limits)
    }),
    ...flipFigure(ofObjects, limits),
  ]
}

/** Figure 1: maps for the top-left anchor. */
function exampleFigure(versions: readonly Versions[], limits: ColourLimits): readonly Figure[] {
  const [antiAliased] = ofKind(versions, 'anti-aliasing')
  const pair = antiAliased ?? ofKind(versions, 'given')[0]
  if (pair === undefined) return []
  const both = [pair.plain, pair.other]
  const layer = layerOfContrast(both, ['top-left'], limits)
  return [
    {
      name: 'figure-1-example',
      title: `Figure 1: similarity to the top-left anchor, ${pair.plain.model} ${layer}, ${sizeText(both)}`,
      caption: `Similarity falls with the distance from the anchor. Look for a fine grid pattern in (a) ${antiAliased ? 'that is missing in' : 'and in'} (b). ${MOST_CONTRAST}`,
      limits,
      columns: antiAliased ? ['(a) plain', '(b) anti-aliased'] : both.map(({ model }, i) => `(${'ab'[i]}) ${model}`),
      rows: [{ label: [layer], maps: both.map((group) => mapOf(group, layer, 'top-left')) }],
    },
  ]
}

const MOST_CONTRAST =
  'Of the layers of both networks, the figure shows the one with the most contrast (largest standard deviation within the colour range).'

/** Figures 3 and 4: first the pairs of plain and anti-aliased networks, then the given pairs, then other networks. */
function heatmapFigures(
  groups: readonly StudyGroup[],
  versions: readonly Versions[],
  size: number,
  limits: ColourLimits,
): readonly Figure[] {
  const [antiAliased, given] = [ofKind(versions, 'anti-aliasing'), ofKind(versions, 'given')]
  const shown = [...antiAliased, ...given]
  const others = groups.filter((group) => !shown.some(({ plain, other }) => group === plain || group === other))
  const name = `${PAPER_FIGURES[size] ?? 'heatmaps'}-patches-${sizeName(size)}`
  const title = `${PAPER_NUMBERS[size] ?? 'Mean'} similarity to the center and top-left anchors, ${measuredText(groups, sizeText)}`
  const figureOf = (
    rows: readonly (readonly StudyGroup[])[],
    part: string,
    ending: string,
    columns: readonly string[],
  ): Figure => ({
    name: `${name}${part}`,
    title: `${title}${ending}`,
    caption:
      'A shift-invariant network would be white everywhere. See how fast similarity falls around the anchor, and look for a grid pattern.',
    limits,
    columns,
    rows: rows.flatMap((row) => {
      const named = part === PAIRS ? row : row.slice(0, 1)
      const layers = named[0]?.layers.filter((layer) => named.every((one) => one.layers.includes(layer))) ?? []
      return layers.map((layer) => ({
        label: [...named.map(({ model }) => model), layer],
        maps: row.flatMap((one) => SHOWN.map((at) => mapOf(one, layer, at))),
      }))
    }),
  })
  const sides = (variant: string) => ['plain', variant].flatMap((one) => SHOWN.map((at) => `${one}, ${at}`))
  const rowsOf = (all: readonly Versions[]) => all.map(({ plain, other }) => [plain, other])
  const [part, ending] = shown.length === 0 ? ['', ''] : ['-others', ', networks with only one version']
  const figures = [
    figureOf(rowsOf(antiAliased), '', '', sides('anti-aliased')),
    figureOf(rowsOf(given), PAIRS, ', chosen pairs', sides('variant')),
    figureOf(
      others.map((one) => [one]),
      part,
      ending,
      SHOWN,
    ),
  ]
  return figures.filter(({ rows }) => rows.length > 0)
}

/** End of the names of figures of given pairs. Each row names both networks, and a layer that both have. */
const PAIRS = '-pairs'

/** Figure 5: maps of two versions of a network, trained with and without horizontal flips. */
function flipFigure(versions: readonly Versions[], limits: ColourLimits): readonly Figure[] {
  const [pair] = ofKind(versions, 'no-flips')
  if (pair === undefined) return []
  const layer = layerOfContrast([pair.plain, pair.other], SHOWN, limits)
  const row = (group: StudyGroup, label: string) => ({
    label: [group.model, label],
    maps: SHOWN.map((at) => mapOf(group, layer, at)),
  })
  return [
    {
      name: 'figure-5-flip',
      title: `Figure 5: with and without horizontal flips in training, ${layer}, ${sizeText([pair.plain])}`,
      caption: `See whether the bright region around the anchor is wider than it is high in both rows. ${MOST_CONTRAST}`,
      limits,
      columns: SHOWN,
      rows: [row(pair.plain, 'with flips'), row(pair.other, 'without flips')],
    },
  ]
}

/** The layer with the most contrast in its maps, among the layers that all groups have. */
function layerOfContrast(
  groups: readonly StudyGroup[],
  anchors: readonly AnchorName[],
  { low, high }: ColourLimits,
): string {
  const shared = groups[0]?.layers.filter((layer) => groups.every(({ layers }) => layers.includes(layer))) ?? []
  const contrasts = shared.map((layer) => {
    const maps = groups.flatMap((group) => anchors.map((at) => mapOf(group, layer, at)))
    const drawn = maps.flatMap((map) => Array.from(map?.values ?? [], (value) => Math.min(high, Math.max(low, value))))
    // The rounding makes nearly equal contrasts equal. Of layers with equal contrast, the last one is taken, as in the
    // paper.
    return { layer, contrast: Math.round(1e6 * meanAndStd(drawn).std) }
  })
  return contrasts.toReversed().toSorted((a, b) => b.contrast - a.contrast)[0]?.layer ?? ''
}

/** The two networks of a pair, measured in the same way. */
interface Versions {
  readonly kind: NetworkPair['kind']
  readonly plain: StudyGroup
  readonly other: StudyGroup
}

function ofKind(versions: readonly Versions[], wanted: NetworkPair['kind']): readonly Versions[] {
  return versions.filter(({ kind }) => kind === wanted)
}

/**
 * Finds the groups of pairs. Both have the plain network's last layer, so that at least one layer can be compared. Pairs
 * are sorted by patch size, the largest first, then by the order of the groups.
 */
function pairsOf(groups: readonly StudyGroup[], pairs: readonly NetworkPair[]): readonly Versions[] {
  const versions = groups.flatMap((other) =>
    pairs.map(({ kind, variant, plain: original }) => {
      const plains = groups.filter(({ model }) => variant === other.model && model === original)
      return { kind, plain: counterpart(other, plains), other }
    }),
  )
  return versions
    .flatMap(({ kind, plain, other }) =>
      plain !== undefined && other.layers.includes(plain.layers.at(-1) as string) ? [{ kind, plain, other }] : [],
    )
    .sort((a, b) => b.plain.size - a.plain.size || groups.indexOf(a.plain) - groups.indexOf(b.plain))
}

function mapOf(group: StudyGroup | undefined, layer: string, anchor: AnchorName): PanelMap | undefined {
  const index = group?.layers.indexOf(layer) ?? -1
  if (group === undefined || index < 0) return undefined
  const { rows, cols, stride, frame, size } = group
  const values = meanMap(group, index, ANCHOR_NAMES.indexOf(anchor))
  return { values, rows, cols, stride, first: positionRange(frame, size).first }
}

export async function writeFigures(results: string, figures: readonly Figure[]): Promise<void> {
  await writeFolderAtomic(join(results, 'figures'), async (folder) => {
    for (const figure of figures) {
      const layout = panelLayout(figure)
      await writeFileAtomic(join(folder, `${figure.name}.png`), await layoutPng(layout))
      await writeFileAtomic(join(folder, `${figure.name}.svg`), await layoutSvg(layout))
    }
  })
}

/** The section of the page that shows the figures. It adds no titles, because the pictures contain them. */
export function figuresSection(figures: readonly Figure[], hasArithmetic: boolean): ReportSection {
  const parts = figures.map((figure) => {
    const { name, title, caption } = figure
    const { width, height } = panelLayout(figure)
    const file = `figures/${encodeURIComponent(name)}`
    return `<figure class="paper"><img src="${file}.svg" alt="${escapeHtml(title)}" width="${width}" height="${height}" loading="lazy">
<figcaption>${escapeHtml(`${caption} ${clippedText(figure)}`)} ${fileLinks(file, ['svg', 'png'])}</figcaption></figure>`
  })
  const isMade = (number: number) =>
    number === 6 ? hasArithmetic : figures.some(({ name }) => name.startsWith(`figure-${number}`))
  const reasons = NEEDS.flatMap(([number, needs]) => (isMade(number) ? [] : [`Figure ${number} needs ${needs}.`]))
  const note =
    reasons.length === 0 ? '' : `<p class="soft">Not made from this study: ${escapeHtml(reasons.join(' '))}</p>`
  return { id: 'figures', title: 'The paper’s figures for this study', html: [...parts, note].join('\n') }
}

/** For each figure of the paper, its number, and the networks or objects that a study needs for it. */
const NEEDS: readonly (readonly [number, string])[] = [
  [1, 'a network and its anti-aliased version, or a pair of yours (--pair), measured with the same settings'],
  [3, 'objects of 125 px'],
  [4, 'objects of 75 px'],
  [5, 'a network and its version trained without flips, measured with the same settings'],
  [6, 'feature arithmetic (--experiments arithmetic)'],
]

/** Cosines may exceed 1 by this much because of rounding. Such values do not count as outside the scale. */
const ROUNDING = 1e-6

function clippedText({ rows, limits: { low, high } }: Figure): string {
  const values = rows.flatMap(({ maps }) => maps.flatMap((map) => Array.from(map?.values ?? [])))
  const share = (isBeyond: (value: number) => boolean) => {
    const count = values.filter(isBeyond).length
    if (count === 0) return 'none'
    const percent = (100 * count) / values.length
    return percent < 0.05 ? 'less than 0.1 %' : `${percentText(percent)} %`
  }
  const [below, above] = [share((value) => value < low), share((value) => value > high + ROUNDING)]
  return `Of all values, ${below} are below ${low} (black) and ${above} are above ${high} (white).`
}
