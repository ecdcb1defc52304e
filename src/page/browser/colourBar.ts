import { axisTicks, TICK_COLOUR, tickElements } from '../../plot/axis.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { rangeScale } from '../../plot/scale.js'
import { svg } from '../../plot/svg.js'
import type { ColourMap } from './colours.js'
import { svgNode } from './dom.js'

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
  const scale = rangeScale(low, high, Math.max(2, Math.floor(inner / 64)))
  const x = (value: number) => MARGIN + scale.at(value) * inner
  const stops = Array.from({ length: 65 }, (_, i) =>
    svg('stop', { offset: String(i / 64), 'stop-color': `rgb(${colourOf(i / 64).join(' ')})` }),
  )
  const bottom = BAR.top + BAR.height
  const ticks = axisTicks(scale, x, { side: 'below', from: bottom, to: bottom + 5, numbers: bottom + 15 })
  const pointers = marks.map(({ panel, value }) =>
    svg('path', { class: `mark ${panel}`, d: `M${x(value)} ${BAR.top}l-5 -9h10z` }),
  )
  const bar = { x: MARGIN, y: BAR.top, width: inner, height: BAR.height }
  const drawn = svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
    svg('defs', {}, svg('linearGradient', { id: `${box.id}-ramp` }, ...stops)),
    svg('rect', { class: 'edge', style: `fill:url(#${box.id}-ramp)`, ...bar }),
    ...tickElements(ticks, TICK_COLOUR),
    ...pointers,
  )
  box.replaceChildren(svgNode(drawn))
}
