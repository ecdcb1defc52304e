import { join } from 'node:path'
import { ANCHOR_NAMES, type AnchorName, positionRange } from '../../engine/scene/positions.js'
import { lowestPercentile } from '../../experiments/maps/mapMeasures.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import type { ReportSection } from '../../page/html/section.js'
import { comparedSizes, sizeText } from '../../patches/sizes.js'
import { type ColourLimits, DIFFERENCE_COLOURS } from '../../plot/colormap.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import { type FigureLayout, layoutPng, layoutSvg } from '../../plot/layout.js'
import { percentText } from '../../plot/numberText.js'
import { beyond, type PanelGrid, type PanelMap, type PanelRow, panelLayout } from '../../plot/panels.js'
import { linearScale } from '../../plot/scale.js'
import { counterpart, layersOfPair, type NetworkPair } from '../../results/store/pairs.js'
import { meanMap, type StudyGroup } from '../../results/store/study.js'
import { meanAndStd } from '../../support/statistics.js'
import { LONGEST_GRID, strongestGrid } from '../findings/quantities.js'
import type { TextOf } from '../text/displayNames.js'

export interface Figure extends PanelGrid {
  /** File name without extension. */
  readonly name: string
  readonly caption: string
}

const PAPER_FIGURES: Readonly<Record<number, string>> = { 125: 'figure-3', 75: 'figure-4' }

/** Anchors that the paper's figures show. */
const SHOWN: readonly AnchorName[] = ['center', 'top-left']

/**
 * Makes the paper's Figures 1, 3, 4 and 5, as far as the study has the networks for them. Figures 3 (patches of 125 px)
 * and 4 (75 px) show each plain network beside its anti-aliased version. Other patch sizes and the given pairs get
 * similar figures. All networks with only one version are in one figure per patch size.
 * @param textOf text for the name of a network or layer
 * @param limits ends of all colour scales of similarity; by default, those of each layer follow from its values
 */
export function paperFigures(
  groups: readonly StudyGroup[],
  pairs: readonly NetworkPair[],
  textOf: TextOf = String,
  limits?: ColourLimits,
): readonly Figure[] {
  const compared = comparedSizes(groups)
  const sizes = [...new Set(groups.map(compared))].sort((a, b) => b - a)
  const versions = pairsOf(groups, pairs)
  return [
    ...exampleFigure(versions, textOf, limits),
    ...sizes.flatMap((size) => {
      const ofSize = groups.filter((group) => compared(group) === size)
      const pairsOfSize = versions.filter(({ variant }) => ofSize.includes(variant))
      return heatmapFigures(ofSize, pairsOfSize, size, textOf, limits)
    }),
    ...flipFigure(versions, textOf, limits),
  ]
}

/** Figure 1: maps for the top-left anchor, and below each its difference from its smooth trend. */
function exampleFigure(versions: readonly Versions[], textOf: TextOf, limits?: ColourLimits): readonly Figure[] {
  const [antiAliased] = ofKind(versions, 'anti-aliasing')
  const pair = antiAliased ?? ofKind(versions, 'given')[0]
  if (pair === undefined) return []
  const both = [pair.plain, pair.variant]
  const layers = sharedLayers(both)
  const grid = strongestGrid([{ ...pair.plain, layers: layers.flatMap(([plain]) => plain ?? []) }])
  const shown = layers.find(([plain]) => plain === grid?.layer) ?? layers.at(-1)!
  const maps = both.flatMap((group, i) => mapOf(group, shown[i]!, 'top-left') ?? [])
  const differences = maps.map(withoutTrend)
  const values = differences.flatMap((map) => Array.from(map.values))
  const ends = values.reduce((most, value) => Math.max(most, Math.abs(value)), LEAST_DIFFERENCE)
  const spreads = differences.map(({ values }) => Number(meanAndStd(Array.from(values)).std.toFixed(5)))
  const label = layerText(shown, textOf)
  const choice = grid
    ? 'Of the layers of both networks, this one has the strongest grid pattern in (a).'
    : 'The positions are too far apart to show a grid pattern, so that this is the last layer of both networks.'
  return [
    {
      name: 'figure-1-example',
      title: `Similarity to the top-left anchor, ${textOf(pair.plain.model)} ${label}, ${sizeText(both)}`,
      caption: `${choice} Similarity falls with the distance from the anchor. The lower row shows the difference from the smooth trend, which is the mean over a square of positions, up to ${reachOf(pair.plain) * pair.plain.stride} px away along each axis. Its standard deviation is ${spreads[0]} in (a) and ${spreads[1]} in (b).`,
      columns: antiAliased
        ? ['(a) plain', '(b) anti-aliased']
        : both.map(({ model }, i) => `(${'ab'[i]}) ${textOf(model)}`),
      rows: [
        { label: [label], maps, limits: limits ?? rangeOf(maps) },
        {
          label: ['difference', 'from trend'],
          maps: differences,
          limits: { low: -ends, high: ends },
          bar: 'difference',
          colours: DIFFERENCE_COLOURS,
        },
      ],
    },
  ]
}

/** Least end of a scale of differences, so that it does not show mere rounding errors. */
const LEAST_DIFFERENCE = 1e-4

/** Number of positions from the middle of the trend's square to its sides. It spans two periods of a grid pattern. */
function reachOf({ stride }: Pick<PanelMap, 'stride'>): number {
  return Math.max(1, Math.round(LONGEST_GRID / stride))
}

/**
 * A map minus its smooth trend: the mean over a square around each position. Near a border, the square is narrower on
 * both sides, so that a slope leaves no difference there.
 */
function withoutTrend(map: PanelMap): PanelMap {
  const { rows, cols } = map
  const reach = reachOf(map)
  const values = Array.from(map.values, (value, i) => {
    const [row, col] = [Math.floor(i / cols), i % cols]
    const down = Math.min(reach, row, rows - 1 - row)
    const across = Math.min(reach, col, cols - 1 - col)
    let sum = 0
    for (let r = row - down; r <= row + down; r++)
      for (let c = col - across; c <= col + across; c++) sum += map.values[r * cols + c]!
    return value - sum / ((2 * down + 1) * (2 * across + 1))
  })
  return { ...map, values }
}

/** Shares of values, in percent, that may lie below and above a colour scale: single positions must not set its ends. */
const [FEW_BELOW, FEW_ABOVE] = [1, 99]
/** Least difference between the ends of a colour scale, so that it does not show mere rounding errors. */
const LEAST_RANGE = 0.01

/** Ends of a colour scale that uses the range of the maps' values. They are round numbers. */
function rangeOf(maps: readonly (PanelMap | undefined)[]): ColourLimits {
  const values = maps.flatMap((map) => Array.from(map?.values ?? []))
  const high = lowestPercentile(values, FEW_ABOVE)
  const { ticks } = linearScale([Math.min(lowestPercentile(values, FEW_BELOW), high - LEAST_RANGE), high])
  return { low: ticks[0]!, high: ticks.at(-1)! }
}

/** Gives rows of the same layer the same colour scale, so that their colours can be compared. */
function scaled(rows: readonly Omit<PanelRow, 'limits'>[], limits: ColourLimits | undefined): readonly PanelRow[] {
  const layerOf = ({ label }: Omit<PanelRow, 'limits'>) => label.at(-1)
  return rows.map((row) => {
    const ofLayer = rows.filter((other) => layerOf(other) === layerOf(row))
    return { ...row, limits: limits ?? rangeOf(ofLayer.flatMap(({ maps }) => maps)) }
  })
}

/** Figures 3 and 4: first the pairs of plain and anti-aliased networks, then the given pairs, then other networks. */
function heatmapFigures(
  groups: readonly StudyGroup[],
  versions: readonly Versions[],
  size: number,
  textOf: TextOf,
  limits: ColourLimits | undefined,
): readonly Figure[] {
  const [antiAliased, given] = [ofKind(versions, 'anti-aliasing'), ofKind(versions, 'given')]
  const shown = [...antiAliased, ...given]
  const others = groups.filter((group) => !shown.some(({ plain, variant }) => group === plain || group === variant))
  const name = `${PAPER_FIGURES[size] ?? 'heatmaps'}-patches-${size}`
  const title = `Mean similarity to the center and top-left anchors, objects of ${sizeText(groups)}`
  const figureOf = (
    rows: readonly (readonly StudyGroup[])[],
    part: string,
    ending: string,
    columns: readonly string[],
  ): Figure => ({
    name: `${name}${part}`,
    title: `${title}${ending}`,
    caption:
      'A shift-invariant network would have a similarity of 1 everywhere. See how fast similarity falls around the anchor, and look for a grid pattern. Rows of the same layer have the same colour scale.',
    columns,
    rows: scaled(
      rows.flatMap((row) => {
        const named = part === PAIRS ? row : row.slice(0, 1)
        return sharedLayers(named).map((names) => ({
          label: [...named.map(({ model }) => textOf(model)), layerText(names, textOf)],
          maps: row.flatMap((one, i) => SHOWN.map((at) => mapOf(one, names[i] ?? names[0]!, at))),
        }))
      }),
      limits,
    ),
  })
  const sides = (variant: string) => ['plain', variant].flatMap((one) => SHOWN.map((at) => `${one}, ${at}`))
  const rowsOf = (all: readonly Versions[]) => all.map(({ plain, variant }) => [plain, variant])
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

/** End of the names of figures of given pairs. Each row names both networks, and layers of both that correspond. */
const PAIRS = '-pairs'

/** Figure 5: maps of two versions of a network, trained with and without horizontal flips. */
function flipFigure(versions: readonly Versions[], textOf: TextOf, limits?: ColourLimits): readonly Figure[] {
  const [pair] = ofKind(versions, 'no-flips')
  if (pair === undefined) return []
  const names = layersOfContrast([pair.plain, pair.variant])
  const row = (group: StudyGroup, label: string, layer: string) => ({
    label: [textOf(group.model), label, layerText(names, textOf)],
    maps: SHOWN.map((at) => mapOf(group, layer, at)),
  })
  return [
    {
      name: 'figure-5-flip',
      title: `With and without horizontal flips in training, ${layerText(names, textOf)}, ${sizeText([pair.plain])}`,
      caption:
        'See whether the bright region around the anchor is wider than it is high in both rows. Of the layers of both networks, the figure shows the one with the most contrast (largest standard deviation of similarity).',
      columns: SHOWN,
      rows: scaled([row(pair.plain, 'with flips', names[0]!), row(pair.variant, 'without flips', names[1]!)], limits),
    },
  ]
}

/** The layers with the most contrast in their maps, among those that correspond in two groups. */
function layersOfContrast(groups: readonly StudyGroup[]): readonly string[] {
  const contrasts = sharedLayers(groups).map((names) => {
    const maps = groups.flatMap((group, i) => SHOWN.map((at) => mapOf(group, names[i]!, at)))
    // The rounding makes nearly equal contrasts equal. Of layers with equal contrast, the last one is taken, as in the
    // paper.
    const { std } = meanAndStd(maps.flatMap((map) => Array.from(map?.values ?? [])))
    return { names, contrast: Math.round(1e6 * std) }
  })
  return contrasts.toReversed().toSorted((a, b) => b.contrast - a.contrast)[0]?.names ?? []
}

/** The layers of one group, or those that correspond in two; a name for each group. */
function sharedLayers([one, other]: readonly StudyGroup[]): readonly (readonly string[])[] {
  return other === undefined ? (one?.layers.map((layer) => [layer]) ?? []) : layersOfPair(one, other)
}

/** The name of a layer, or the names that it has in two networks. */
function layerText(names: readonly string[], textOf: TextOf): string {
  return [...new Set(names)].map(textOf).join(' and ')
}

/** The two networks of a pair, measured in the same way. */
interface Versions {
  readonly kind: NetworkPair['kind']
  readonly plain: StudyGroup
  readonly variant: StudyGroup
}

function ofKind(versions: readonly Versions[], wanted: NetworkPair['kind']): readonly Versions[] {
  return versions.filter(({ kind }) => kind === wanted)
}

/**
 * Finds the groups of pairs that share a layer. Pairs are sorted by patch size, the largest first, then by the order of
 * the groups.
 */
function pairsOf(groups: readonly StudyGroup[], pairs: readonly NetworkPair[]): readonly Versions[] {
  const versions = groups.flatMap((variant) =>
    pairs.map((pair) => {
      const plains = groups.filter(({ model }) => variant.model === pair.variant && model === pair.plain)
      return { kind: pair.kind, plain: counterpart(variant, plains), variant }
    }),
  )
  return versions
    .flatMap(({ kind, plain, variant }) =>
      plain !== undefined && layersOfPair(plain, variant).length > 0 ? [{ kind, plain, variant }] : [],
    )
    .sort((a, b) => b.plain.size - a.plain.size || groups.indexOf(a.plain) - groups.indexOf(b.plain))
}

function mapOf(group: StudyGroup, layer: string, anchor: AnchorName): PanelMap | undefined {
  const index = group.layers.indexOf(layer)
  if (index < 0) return undefined
  const { rows, cols, stride, frame, size } = group
  const values = meanMap(group, index, ANCHOR_NAMES.indexOf(anchor))
  return { values, rows, cols, stride, first: positionRange(frame, size).first }
}

/** A figure as it is drawn. */
export interface DrawnFigure extends Pick<Figure, 'name'> {
  readonly layout: FigureLayout
}

export async function writeFigures(
  results: string,
  figures: readonly DrawnFigure[],
  charts: Required<ReportSection>['charts'],
): Promise<void> {
  await writeFolderAtomic(join(results, 'figures'), async (folder) => {
    for (const { name, layout } of figures) {
      await writeFileAtomic(join(folder, `${name}.png`), await layoutPng(layout))
      await writeFileAtomic(join(folder, `${name}.svg`), await layoutSvg(layout))
    }
    for (const { name, svg } of charts) await writeFileAtomic(join(folder, `${name}.svg`), svg)
  })
}

/** The section of the page that shows the figures. It adds no titles, because the pictures contain them. */
export function figuresSection(figures: readonly Figure[], hasArithmetic: boolean): ReportSection {
  const parts = figures.map((figure) => {
    const { name, title, caption } = figure
    const [, number] = /^figure-(\d)/.exec(name) ?? []
    const of = number === undefined ? '' : `This is Figure ${number} of the paper for this study. `
    const { width, height } = panelLayout(figure)
    const file = `figures/${encodeURIComponent(name)}`
    return `<figure class="paper"><img src="${file}.svg" alt="${escapeHtml(title)}" width="${width}" height="${height}" loading="lazy">
<figcaption>${escapeHtml(`${of}${caption} ${clippedText(figure)}`)} ${fileLinks(file, ['svg', 'png'])}</figcaption></figure>`
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

function clippedText({ rows }: Figure): string {
  const counts = rows.map(beyond)
  const all = counts.reduce((sum, one) => sum + one.all, 0)
  const share = (end: 'below' | 'above') => {
    const count = counts.reduce((sum, one) => sum + one[end], 0)
    if (count === 0) return 'none'
    const percent = (100 * count) / all
    return percent < 0.05 ? 'less than 0.1 %' : `${percentText(percent)} %`
  }
  return `Of all values, ${share('below')} are below the colour scale and ${share('above')} are above it.`
}
