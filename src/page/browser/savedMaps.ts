import { isSamePosition } from '../../engine/scene/positions.js'
import { axisTicks, TICK_COLOUR, tickElements, uprightTitle } from '../../plot/axis.js'
import type { ColourLimits, ColourMap } from '../../plot/colormap.js'
import { withMinus } from '../../plot/numberText.js'
import { arranged, type Drawing, type FigureParts, paragraph } from '../../plot/savedFigure.js'
import { positionScale } from '../../plot/scale.js'
import { svg, textElement } from '../../plot/svg.js'
import { kindOf, sideText } from '../site/groups.js'
import type { SiteGroup } from '../site/siteIndex.js'
import { isolated, positionText, shareText } from '../text/text.js'
import { barElements, EDGE } from './colourBar.js'
import { nearestPosition } from './fit.js'
import { anchorOf, type LoadedMap, PROBABILITY_LIMITS } from './maps.js'
import { mapTitle, scaled, summaryText } from './panel.js'
import type { Regions } from './regions.js'
import type { ShownMaps } from './shownMaps.js'
import { anchorMark, type ColourOf } from './stage.js'

/** Draws a map, and returns its picture as a data URL. */
type ImageOf = (map: LoadedMap, colourOf: ColourOf) => string

/** Space for the axes around a map. */
const PLOT_MARGIN = { left: 46, right: 6, top: 6, bottom: 40 }
/** Width of a map in pixels, without and with its axes. */
const SIDE = 300
const WIDTH = PLOT_MARGIN.left + SIDE + PLOT_MARGIN.right
const GAP = 28

/** The shown maps side by side, with their axes, marks and legends, and the words that explain them. */
export function mapsFigure(shown: ShownMaps, imageOf: ImageOf): FigureParts {
  const [{ quantity, fitted }] = shown.maps as readonly [LoadedMap]
  const { choice, unit, group } = fitted
  const kind = kindOf(group)
  const object = unit === null ? `${group.units.length} ${kind}s (mean)` : `the ${kind} ${isolated(choice.patch ?? '')}`
  const groups = shown.maps.map((map) => map.fitted.group)
  const mark = anchorOf(shown.maps[0]!)
  const between = isSamePosition(mark, nearestPosition(group, mark)) ? '' : ', between the positions of the map'
  const frames = [...new Set(groups.map(({ frame }) => `${frame} × ${frame}`))].join(' and ')
  const anchor = typeof choice.anchor === 'string' ? ` ${choice.anchor}` : ''
  const drawings = shown.maps.map((map, i) => mapDrawings(map, i, shown, imageOf))
  const rows = (['head', 'plot', 'key'] as const).map((row) => drawings.map((drawing) => drawing[row]))
  return {
    title: `${quantity.replace(/^./, (letter) => letter.toUpperCase())} at each position of ${object}, ${sideText(groups)}`,
    caption: `${shown.note}. ${shown.caption}`.trim(),
    body: arranged(
      'down',
      8,
      rows.map((row) => arranged('right', GAP, row)),
    ),
    source: `+ ${quantity === 'similarity' ? `anchor${anchor}` : 'center'}: ${positionText(mark)}${between}. Rows and columns are those of the top-left corner of the ${kind} in an image of ${frames} px, in steps of ${group.stride} px.`,
  }
}

/** A map's heading, its plot with axes and mark, and its legend or colour bar. */
function mapDrawings(map: LoadedMap, i: number, shown: ShownMaps, imageOf: ImageOf) {
  const title = mapTitle(map.fitted, map)
  const { group } = map.fitted
  const height = (SIDE * group.rows) / group.cols
  const limits = map.quantity === 'similarity' ? shown.limits : PROBABILITY_LIMITS
  const colourOf: ColourOf = map.regions
    ? (number) => shown.regions.colourOf(map, number)
    : scaled(shown.colours, limits)
  const style = { preserveAspectRatio: 'none', style: 'image-rendering:pixelated' }
  const href = imageOf(map, colourOf)
  const image = svg('image', { x: PLOT_MARGIN.left, y: PLOT_MARGIN.top, width: SIDE, height, href, ...style })
  const { elements, x, y } = axes(group, height)
  const { row, col } = anchorOf(map)
  return {
    head: arranged('down', 2, [
      paragraph(shown.maps.length === 1 ? title : `${'AB'[i]} ${title}`, WIDTH, { 'font-weight': 600 }),
      paragraph(summaryText(map), WIDTH),
    ]),
    plot: {
      elements: [image, ...elements, ...anchorMark(x(col), y(row), 7)],
      width: WIDTH,
      height: PLOT_MARGIN.top + height + PLOT_MARGIN.bottom,
    },
    key: map.regions ? legend(map, shown.regions) : bar(`bar-${i}`, map.quantity, shown.colours, limits),
  }
}

/** The axes of a plot, whose numbers are rows and columns of the object. `x` and `y` convert pixels of the frame. */
function axes(group: SiteGroup, height: number) {
  const most = Math.floor(SIDE / 44)
  const [across, down] = [positionScale(group.cols, group, most), positionScale(group.rows, group, most)]
  const x = (col: number) => PLOT_MARGIN.left + across.at(col) * SIDE
  const y = (row: number) => PLOT_MARGIN.top + down.at(row) * height
  const [left, bottom] = [PLOT_MARGIN.left, PLOT_MARGIN.top + height]
  const xAxis = { side: 'below', from: bottom, to: bottom + 5, numbers: bottom + 14 } as const
  const yAxis = { side: 'left', from: left - 5, to: left, numbers: left - 8 } as const
  const edge = { x: left - 0.5, y: PLOT_MARGIN.top - 0.5, width: SIDE + 1, height: height + 1 }
  const elements = [
    svg('rect', { ...EDGE, ...edge }),
    ...tickElements([...axisTicks(across, x, xAxis), ...axisTicks(down, y, yAxis)], TICK_COLOUR),
    textElement(left + SIDE / 2, bottom + 35, 'column (px)', { 'text-anchor': 'middle' }),
    uprightTitle(12, PLOT_MARGIN.top + height / 2, 'row (px)'),
  ]
  return { elements, x, y }
}

function bar(id: string, name: string, colours: ColourMap, limits: ColourLimits): Drawing {
  const { elements, height } = barElements(id, WIDTH, colours, limits)
  const label = `${name}, from ${withMinus(String(limits.low))} to ${limits.high}`
  return arranged('down', 0, [{ elements, width: WIDTH, height }, paragraph(label, WIDTH)])
}

const [SWATCH, SHARE] = [20, 56]

/** A line for each class of the map: its colour, its name and its share of positions. */
function legend(map: LoadedMap, regions: Regions): Drawing {
  const entries = regions.legend(map).map(({ name, colour, positions }) => {
    const swatch = { y: 2, width: 12, height: 12, fill: `rgb(${colour.join(',')})`, stroke: 'var(--strong)' }
    const share = textElement(SHARE, 12, shareText(positions, map.values.length), { 'text-anchor': 'end' })
    return arranged('right', 0, [
      { elements: [svg('rect', swatch)], width: SWATCH, height: 0 },
      paragraph(name, WIDTH - SWATCH - SHARE),
      { elements: [share], width: SHARE, height: 0 },
    ])
  })
  return { ...arranged('down', 0, entries), width: WIDTH }
}
