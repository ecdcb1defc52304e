import type { ColourLimits } from '../../heatmap.js'
import type { ColourMap } from './colours.js'
import { svg } from './dom.js'
import { ticks, tickTexts } from './numbers.js'

const HEIGHT = 50
const MARGIN = 26
const BAR = { top: 11, height: 13 }

/** A mark on the bar at the value that a panel has at the cursor. */
export interface BarMark {
  readonly panel: string
  readonly value: number
}

/** Draws the colour scale to the width that its box has now: ticks below, marks above. */
export function drawColourBar(
  box: HTMLElement,
  colourOf: ColourMap,
  { low, high }: ColourLimits,
  marks: readonly BarMark[],
): void {
  const width = box.clientWidth
  const inner = width - 2 * MARGIN
  const x = (value: number) => MARGIN + ((value - low) / (high - low)) * inner
  const stops = Array.from({ length: 65 }, (_, i) =>
    svg('stop', { offset: i / 64, 'stop-color': `rgb(${colourOf(i / 64).join(' ')})` }),
  )
  const values = ticks(low, high, Math.max(2, Math.floor(inner / 64)))
  const texts = tickTexts(values)
  const bottom = BAR.top + BAR.height
  const scale = values.flatMap((value, i) => [
    svg('line', { class: 'tick', x1: x(value), x2: x(value), y1: bottom, y2: bottom + 5 }),
    svg('text', { x: x(value), y: bottom + 19, 'text-anchor': 'middle' }, texts[i] as string),
  ])
  const pointers = marks.map(({ panel, value }) => {
    const place = Math.min(width - MARGIN, Math.max(MARGIN, x(value)))
    return svg('path', { class: `mark ${panel}`, d: `M${place} ${BAR.top}l-5 -9h10z` })
  })
  box.replaceChildren(
    svg(
      'svg',
      { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
      svg('defs', {}, svg('linearGradient', { id: `${box.id}-ramp` }, ...stops)),
      svg('rect', {
        class: 'edge',
        style: `fill:url(#${box.id}-ramp)`,
        x: MARGIN,
        y: BAR.top,
        width: inner,
        height: BAR.height,
      }),
      ...scale,
      ...pointers,
    ),
  )
}
