import { axisTicks, TICK_COLOUR, tickElements } from '../../plot/axis.js'
import type { ColourLimits, ColourMap } from '../../plot/colormap.js'
import { rangeScale } from '../../plot/scale.js'
import { svg } from '../../plot/svg.js'
import type { PanelId } from '../site/view.js'
import { drawn, MARK, panelMark, useWidth } from './drawing.js'

/** The border of a bar or plot. The attributes are for saved figures, which have no CSS. */
export const EDGE = { class: 'edge', fill: 'none', stroke: TICK_COLOUR }

const HEIGHT = 50
const MARGIN = 26
const BAR = { top: 11, height: 13 }

interface ColourBarProps {
  readonly id: string
  readonly label: string
  readonly colourOf: ColourMap
  readonly limits: ColourLimits
  /** Values of the maps at which the bar is marked. */
  readonly marks: readonly { readonly panel: PanelId; readonly value: number }[]
}

export function ColourBar({ id, label, colourOf, limits, marks }: ColourBarProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const { elements, x } = barElements(id, width, colourOf, limits)
  const pointers = marks.map(({ panel, value }) => panelMark(panel, x(value), BAR.top - MARK))
  return (
    <div id={id} ref={box} class="chart" role="img" aria-label={label}>
      {drawn(
        svg(
          'svg',
          { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
          ...elements,
          ...pointers,
        ),
      )}
    </div>
  )
}

/** A bar with the scale's colours, and its ticks. `x` converts a value to a coordinate. */
export function barElements(id: string, width: number, colourOf: ColourMap, { low, high }: ColourLimits) {
  const inner = Math.max(1, width - 2 * MARGIN)
  const scale = rangeScale(low, high, Math.max(2, Math.floor(inner / 64)))
  const x = (value: number) => MARGIN + scale.at(value) * inner
  const stops = Array.from({ length: 65 }, (_, i) =>
    svg('stop', { offset: String(i / 64), 'stop-color': `rgb(${colourOf(i / 64).join(',')})` }),
  )
  const bottom = BAR.top + BAR.height
  const ticks = axisTicks(scale, x, { side: 'below', from: bottom, to: bottom + 5, numbers: bottom + 15 })
  const bar = { x: MARGIN, y: BAR.top, width: inner, height: BAR.height }
  const elements = [
    svg('defs', {}, svg('linearGradient', { id: `${id}-ramp` }, ...stops)),
    svg('rect', { ...EDGE, style: `fill:url(#${id}-ramp)`, ...bar }),
    ...tickElements(ticks, TICK_COLOUR),
  ]
  return { elements, x, height: HEIGHT }
}
