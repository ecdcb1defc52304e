import type { Position } from '../../engine/positions.js'
import { axisTicks, TICK_COLOUR, tickElements, uprightTitle } from '../../plot/axis.js'
import { positionScale, type Scale } from '../../plot/scale.js'
import { type SvgElement, svg, text } from '../../plot/svg.js'
import type { SiteGroup } from '../siteIndex.js'
import { svgNode } from './dom.js'
import type { LoadedMap } from './maps.js'

/** Room for the axes around the map, in CSS pixels. */
const MARGIN = { left: 46, right: 6, top: 6, bottom: 40 }

/** A map with axes, as it lies on the screen. */
export interface HeatmapPlot {
  /** Draws map and axes to the width that the plot has now; the plus is where the anchor is. */
  readonly draw: (map: LoadedMap, colourOf: ColourOf, anchor: Position) => void
  /** Leaves the place empty, as large as it is. */
  readonly clear: () => void
  /** Moves the cross-hairs. */
  readonly point: (position: Position) => void
  /** The position under a point of the screen; undefined outside the map. */
  readonly positionAt: (clientX: number, clientY: number) => Position | undefined
}

/** Red, green, blue, 0 to 255, of a value of the map. */
export type ColourOf = (value: number) => readonly [number, number, number]

/** @param box an empty element that the plot fills */
export function heatmapPlot(box: HTMLElement): HeatmapPlot {
  const canvas = document.createElement('canvas')
  const axes = svgNode(svg('svg', { class: 'axes', 'aria-hidden': 'true' }))
  const cross = svgNode(svg('g', { class: 'cross' }))
  box.replaceChildren(canvas, axes)
  let group: SiteGroup | undefined
  return {
    draw: (map, colourOf, anchor) => {
      group = map.fitted.group
      paint(canvas, map, colourOf)
      const width = Math.max(1, box.clientWidth - MARGIN.left - MARGIN.right)
      const height = (width * group.rows) / group.cols
      const total = height + MARGIN.top + MARGIN.bottom
      Object.assign(box.style, { height: `${total}px`, aspectRatio: 'auto' })
      Object.assign(canvas.style, { left: `${MARGIN.left}px`, top: `${MARGIN.top}px` })
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` })
      axes.setAttribute('viewBox', `0 0 ${box.clientWidth} ${total}`)
      const area = areaOf(group, width, height)
      const marks = [...axisElements(area), anchorMark(anchor, area)]
      axes.replaceChildren(...marks.map(svgNode), cross)
    },
    clear: () => {
      group = undefined
      canvas.width = 0
      axes.replaceChildren()
    },
    point: (position) => {
      const { clientWidth, clientHeight } = canvas
      if (group === undefined) return
      cross.replaceChildren(...crossHairs(position, areaOf(group, clientWidth, clientHeight)).map(svgNode))
    },
    positionAt: (clientX, clientY) => {
      const { left, top, width, height } = canvas.getBoundingClientRect()
      if (group === undefined || width === 0) return undefined
      const row = Math.floor(((clientY - top) / height) * group.rows)
      const col = Math.floor(((clientX - left) / width) * group.cols)
      if (row < 0 || col < 0 || row >= group.rows || col >= group.cols) return undefined
      return { row: row * group.stride, col: col * group.stride }
    },
  }
}

/** One pixel a position; the style enlarges it without smoothing. */
function paint(canvas: HTMLCanvasElement, { fitted, values }: LoadedMap, colourOf: ColourOf): void {
  const { rows, cols } = fitted.group
  canvas.width = cols
  canvas.height = rows
  const image = new ImageData(cols, rows)
  values.forEach((value, i) => {
    image.data.set([...colourOf(value), 255], i * 4)
  })
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}

/** Where the map lies on the screen, and its axes in pixels of the frame. */
interface MapArea {
  readonly columns: Scale
  readonly rows: Scale
  /** From pixels of the frame to those of the screen: the middle of the square that a position has. */
  readonly x: (col: number) => number
  readonly y: (row: number) => number
  readonly width: number
  readonly height: number
}

function areaOf({ rows, cols, stride }: SiteGroup, width: number, height: number): MapArea {
  const most = Math.max(2, Math.floor(width / 44))
  const [across, down] = [positionScale(cols, stride, most), positionScale(rows, stride, most)]
  return {
    columns: across,
    rows: down,
    x: (col) => MARGIN.left + across.at(col) * width,
    y: (row) => MARGIN.top + down.at(row) * height,
    width,
    height,
  }
}

function axisElements({ columns, rows, x, y, width, height }: MapArea): readonly SvgElement[] {
  const [left, bottom] = [MARGIN.left, MARGIN.top + height]
  const xAxis = { side: 'below', from: bottom, to: bottom + 5, numbers: bottom + 14 } as const
  const yAxis = { side: 'left', from: left - 5, to: left, numbers: left - 8 } as const
  return [
    svg('rect', { class: 'edge', x: left - 0.5, y: MARGIN.top - 0.5, width: width + 1, height: height + 1 }),
    ...tickElements([...axisTicks(columns, x, xAxis), ...axisTicks(rows, y, yAxis)], TICK_COLOUR),
    text(left + width / 2, bottom + 35, 'column (px)', { 'text-anchor': 'middle' }),
    uprightTitle(12, MARGIN.top + height / 2, 'row (px)'),
  ]
}

/** A plus, moved inwards where the anchor lies on the rim; light under dark, so that it is seen on any colour. */
function anchorMark({ row, col }: Position, { x, y, width, height }: MapArea): SvgElement {
  const arm = 7
  const inside = (value: number, from: number, length: number) =>
    Math.min(from + Math.max(arm, length - arm), Math.max(from + arm, value))
  const [left, top] = [inside(x(col), MARGIN.left, width), inside(y(row), MARGIN.top, height)]
  const d = `M${left - arm} ${top}h${2 * arm}M${left} ${top - arm}v${2 * arm}`
  return svg('g', { class: 'anchor' }, svg('path', { class: 'under', d }), svg('path', { class: 'over', d }))
}

/** Lines that leave the position itself free. */
function crossHairs({ row, col }: Position, { x, y, width, height }: MapArea): readonly SvgElement[] {
  const [left, top] = [x(col), y(row)]
  const gap = 5
  const d = [
    `M${MARGIN.left} ${top}H${Math.max(MARGIN.left, left - gap)}`,
    `M${Math.min(MARGIN.left + width, left + gap)} ${top}H${MARGIN.left + width}`,
    `M${left} ${MARGIN.top}V${Math.max(MARGIN.top, top - gap)}`,
    `M${left} ${Math.min(MARGIN.top + height, top + gap)}V${MARGIN.top + height}`,
  ].join('')
  const spot = { x: left - gap, y: top - gap, width: 2 * gap, height: 2 * gap }
  return [
    svg('path', { class: 'under', d }),
    svg('rect', { class: 'under', ...spot }),
    svg('path', { class: 'over', d }),
    svg('rect', { class: 'over', ...spot }),
  ]
}
