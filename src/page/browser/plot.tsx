import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Position } from '../../engine/scene/positions.js'
import { positionAt } from '../../experiments/maps/grid.js'
import { axisTicks, TICK_COLOUR, tickElements, uprightTitle } from '../../plot/axis.js'
import { positionScale } from '../../plot/scale.js'
import { type SvgElement, svg, textElement } from '../../plot/svg.js'
import type { SiteGroup } from '../site/siteIndex.js'
import { drawn, paint, useWidth } from './drawing.js'
import { type CursorActions, onKey } from './keys.js'
import type { LoadedMap } from './maps.js'
import type { Colour } from './regions.js'

/** Space for the axes around the map, in CSS pixels. */
export const PLOT_MARGIN = { left: 46, right: 6, top: 6, bottom: 40 }

export type ColourOf = (value: number) => Colour

interface PlotProps {
  readonly id: string
  readonly label: string
  /** The map to draw. If it is undefined, the box is empty but keeps its size. */
  readonly map: LoadedMap | undefined
  readonly colourOf: ColourOf
  readonly anchor: Position | undefined
  readonly cursor: Position | undefined
  readonly isBusy: boolean
  readonly actions: CursorActions
}

export function Plot({ id, label, map, colourOf, anchor, cursor, isBusy, actions }: PlotProps) {
  const [box, boxWidth] = useWidth<HTMLDivElement>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const group = map?.fitted.group
  useLayoutEffect(() => {
    if (canvas.current) paint(canvas.current, group, (i) => colourOf(map?.values[i] as number))
  }, [map, colourOf])
  const width = Math.max(1, boxWidth - PLOT_MARGIN.left - PLOT_MARGIN.right)
  const height = group === undefined ? width : (width * group.rows) / group.cols
  const total = height + PLOT_MARGIN.top + PLOT_MARGIN.bottom
  const area = useMemo(() => group && areaOf(group, width, height), [group, width, height])
  const axes = useMemo(() => area && axisElements(area).map(drawn), [area])
  const pointedAt = ({ clientX, clientY }: MouseEvent): Position | undefined => {
    const { left = 0, top = 0 } = canvas.current?.getBoundingClientRect() ?? {}
    if (group === undefined) return undefined
    const row = Math.floor(((clientY - top) / height) * group.rows)
    const col = Math.floor(((clientX - left) / width) * group.cols)
    if (row < 0 || col < 0 || row >= group.rows || col >= group.cols) return undefined
    return positionAt(row * group.cols + col, group)
  }
  return (
    <div
      class="plot"
      id={id}
      ref={box}
      tabIndex={0}
      role="application"
      aria-roledescription="heatmap"
      aria-describedby="keys"
      aria-label={label}
      aria-busy={isBusy}
      style={{ height: `${total}px` }}
      onKeyDown={(event) => onKey(event, actions)}
      onPointerMove={(event) => {
        const position = pointedAt(event)
        if (position !== undefined && !isTyping()) actions.place(position)
      }}
      onClick={(event) => {
        const position = pointedAt(event)
        if (position !== undefined) actions.choose(position, 'pointerType' in event && event.pointerType === 'touch')
      }}
    >
      <canvas
        ref={canvas}
        style={{
          left: `${PLOT_MARGIN.left}px`,
          top: `${PLOT_MARGIN.top}px`,
          width: `${width}px`,
          height: `${height}px`,
        }}
      />
      <svg class="axes" viewBox={`0 0 ${boxWidth} ${total}`} aria-hidden="true">
        {axes}
        {area && anchor && drawn(anchorMark(anchor, area))}
        <g class="cross">{area && cursor && crossHairs(cursor, area).map(drawn)}</g>
      </svg>
    </div>
  )
}

/** Whether the user is typing a position. The pointer on its way over a map must not replace it; a click does. */
function isTyping(): boolean {
  return document.activeElement?.closest('.where') != null
}

type MapArea = ReturnType<typeof areaOf>

export function areaOf(group: SiteGroup, width: number, height: number) {
  const most = Math.max(2, Math.floor(width / 44))
  const [across, down] = [positionScale(group.cols, group, most), positionScale(group.rows, group, most)]
  return {
    columns: across,
    rows: down,
    /**
     * Converts a column of the frame, in pixels, to an x coordinate on the screen: the middle of the square that is drawn
     * for this position.
     */
    x: (col: number) => PLOT_MARGIN.left + across.at(col) * width,
    y: (row: number) => PLOT_MARGIN.top + down.at(row) * height,
    width,
    height,
  }
}

/** The border of a plot. Here and in marks, the attributes are for saved figures, which have no CSS. */
export const EDGE = { class: 'edge', fill: 'none', stroke: TICK_COLOUR }

export function axisElements({ columns, rows, x, y, width, height }: MapArea): readonly SvgElement[] {
  const [left, bottom] = [PLOT_MARGIN.left, PLOT_MARGIN.top + height]
  const xAxis = { side: 'below', from: bottom, to: bottom + 5, numbers: bottom + 14 } as const
  const yAxis = { side: 'left', from: left - 5, to: left, numbers: left - 8 } as const
  return [
    svg('rect', { ...EDGE, x: left - 0.5, y: PLOT_MARGIN.top - 0.5, width: width + 1, height: height + 1 }),
    ...tickElements([...axisTicks(columns, x, xAxis), ...axisTicks(rows, y, yAxis)], TICK_COLOUR),
    textElement(left + width / 2, bottom + 35, 'column (px)', { 'text-anchor': 'middle' }),
    uprightTitle(12, PLOT_MARGIN.top + height / 2, 'row (px)'),
  ]
}

/** A dark plus with a white border, so that it is visible on any colour. At the map's edge, it is moved inwards. */
export function anchorMark({ row, col }: Position, { x, y, width, height }: MapArea): SvgElement {
  const arm = 7
  const inside = (value: number, from: number, length: number) =>
    Math.min(from + Math.max(arm, length - arm), Math.max(from + arm, value))
  const [left, top] = [inside(x(col), PLOT_MARGIN.left, width), inside(y(row), PLOT_MARGIN.top, height)]
  const d = `M${left - arm} ${top}h${2 * arm}M${left} ${top - arm}v${2 * arm}`
  return svg(
    'g',
    { class: 'anchor' },
    svg('path', { class: 'under', d, stroke: '#fff', 'stroke-width': 5 }),
    svg('path', { class: 'over', d, stroke: '#17181a', 'stroke-width': 2 }),
  )
}

/** Cross hairs at a position. They have a gap in the middle, so that the position's colour stays visible. */
function crossHairs({ row, col }: Position, { x, y, width, height }: MapArea): readonly SvgElement[] {
  const [left, top] = [x(col), y(row)]
  const gap = 5
  const d = [
    `M${PLOT_MARGIN.left} ${top}H${Math.max(PLOT_MARGIN.left, left - gap)}`,
    `M${Math.min(PLOT_MARGIN.left + width, left + gap)} ${top}H${PLOT_MARGIN.left + width}`,
    `M${left} ${PLOT_MARGIN.top}V${Math.max(PLOT_MARGIN.top, top - gap)}`,
    `M${left} ${Math.min(PLOT_MARGIN.top + height, top + gap)}V${PLOT_MARGIN.top + height}`,
  ].join('')
  const spot = { x: left - gap, y: top - gap, width: 2 * gap, height: 2 * gap }
  return [
    svg('path', { class: 'under', d }),
    svg('rect', { class: 'under', ...spot }),
    svg('path', { class: 'over', d }),
    svg('rect', { class: 'over', ...spot }),
  ]
}
