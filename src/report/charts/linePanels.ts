import type { Scale } from './scale.js'
import {
  coordinate,
  element,
  LEGEND_HEIGHT,
  legend,
  line,
  mark,
  picture,
  seriesColour,
  shortened,
  text,
  tip,
} from './svg.js'

/** Small line charts side by side under the same axes. */
export interface LinePanels {
  /** Said to screen readers. */
  readonly name: string
  readonly x: { readonly title: string; readonly scale: Scale }
  readonly y: { readonly title: string; readonly scale: Scale }
  /** Names of the lines, the same in all panels. */
  readonly series: readonly string[]
  readonly panels: readonly {
    readonly title: string
    readonly lines: readonly {
      /** Which of the series. */
      readonly series: number
      readonly isDashed?: boolean
      readonly points: readonly (readonly [number, number])[]
    }[]
  }[]
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP, PER_ROW] = [190, 150, 66, 24, 46, 8, 3]

/** Draws line charts as SVG, three in a row. */
export function linePanels({ name, x, y, series, panels }: LinePanels): string {
  const across = Math.min(PER_ROW, panels.length)
  const step = { x: LEFT + WIDTH + GAP, y: TOP + HEIGHT + BOTTOM }
  const drawn = panels.map(({ title, lines }, i) => {
    const left = (i % PER_ROW) * step.x + LEFT
    const top = LEGEND_HEIGHT + Math.floor(i / PER_ROW) * step.y + TOP
    const placeX = (value: number) => left + x.scale.at(value) * WIDTH
    const placeY = (value: number) => top + (1 - y.scale.at(value)) * HEIGHT
    const ticksX = x.scale.ticks.map((tick) => tickX(placeX(tick), top, x.scale.format(tick)))
    const ticksY = y.scale.ticks.map((tick) => tickY(left, placeY(tick), y.scale.format(tick)))
    const curves = lines.map(({ series: which, isDashed = false, points }) => {
      const path = points.map(([a, b]) => `${coordinate(placeX(a))},${coordinate(placeY(b))}`).join(' ')
      const curve = element('polyline', {
        points: path,
        fill: 'none',
        stroke: seriesColour(which),
        'stroke-width': 1.5,
        ...(isDashed && { 'stroke-dasharray': '4 3' }),
      })
      const marks = points.map(([a, b]) =>
        mark(which, placeX(a), placeY(b), 2.5, tip(`${title}, ${series[which]} at ${a}: ${b.toPrecision(3)}`)),
      )
      return curve + marks.join('')
    })
    const titles =
      text(left, top - 8, shortened(title, 26), { 'font-weight': 600 }) +
      text(left + WIDTH / 2, top + HEIGHT + 32, x.title, { 'text-anchor': 'middle' }) +
      (i % PER_ROW === 0 ? upright(12, top + HEIGHT / 2, y.title) : '')
    return titles + ticksX.join('') + ticksY.join('') + curves.join('')
  })
  const height = LEGEND_HEIGHT + Math.ceil(panels.length / PER_ROW) * step.y
  return picture(Math.max(across * step.x + GAP, 420), height + 4, name, legend(series, 0) + drawn.join(''))
}

/** Words that run upwards, around a place. */
function upright(x: number, y: number, words: string): string {
  return text(x, y, words, { 'text-anchor': 'middle', transform: `rotate(-90 ${coordinate(x)} ${coordinate(y)})` })
}

function tickX(x: number, top: number, label: string): string {
  return (
    line(x, top, x, top + HEIGHT, 'var(--line)') +
    text(x, top + HEIGHT + 15, label, { 'text-anchor': 'middle', fill: 'var(--soft)' })
  )
}

function tickY(left: number, y: number, label: string): string {
  return (
    line(left, y, left + WIDTH, y, 'var(--line)') +
    text(left - 5, y + 4, label, { 'text-anchor': 'end', fill: 'var(--soft)' })
  )
}
