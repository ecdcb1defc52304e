import type { Scale } from './scale.js'
import { coordinate, line, type SvgElement, textElement } from './svg.js'

/** A line of text. `y` is the middle of its height. */
export interface Label {
  readonly words: string
  readonly x: number
  readonly y: number
  readonly align: 'left' | 'center' | 'right'
  /** The text reads upwards. (x, y) is its middle. */
  readonly isUpright?: true
}

export interface AxisTick {
  readonly line: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number }
  readonly label: Label
}

/** Location of an axis beside a plot, in pixels of the drawing. */
export interface AxisGeometry {
  readonly side: 'below' | 'left' | 'right'
  /**
   * Start and end of each tick's line. They are y coordinates if the axis is below the plot, otherwise x coordinates.
   */
  readonly from: number
  readonly to: number
  /**
   * Place of the numbers. If the axis is below the plot, this is the y of their middle. Otherwise, it is the x of their
   * end next to the plot.
   */
  readonly numbers: number
}

/** @param toPixel converts a value to its pixel coordinate along the axis */
export function axisTicks(
  { ticks, format }: Pick<Scale, 'ticks' | 'format'>,
  toPixel: (value: number) => number,
  { side, from, to, numbers }: AxisGeometry,
): readonly AxisTick[] {
  return ticks.map((tick) => {
    const [at, words] = [toPixel(tick), format(tick)]
    if (side === 'below') {
      return {
        line: { x1: at, y1: from, x2: at, y2: to },
        label: { words, x: at, y: numbers, align: 'center' },
      }
    }
    const align = side === 'left' ? 'right' : 'left'
    return { line: { x1: from, y1: at, x2: to, y2: at }, label: { words, x: numbers, y: at, align } }
  })
}

/** Distance from the middle of a line of text down to its baseline, as a fraction of the font size. */
const BASELINE = 1 / 3

const TEXT_ANCHORS = { left: 'start', center: 'middle', right: 'end' } as const

export function labelAttributes({ x, y, align, isUpright }: Label, letterSize: number) {
  const turn = isUpright && { transform: `rotate(-90 ${coordinate(x)} ${coordinate(y)})` }
  return { x, y: y + letterSize * BASELINE, 'text-anchor': TEXT_ANCHORS[align], ...turn }
}

/** Font size of charts, in pixels. */
export const LETTER_SIZE = 12

/** Colour of ticks that are short lines beside the plot. Ticks that run through the plot are fainter. */
export const TICK_COLOUR = 'var(--strong)'

export function tickElements(ticks: readonly AxisTick[], colour = 'var(--line)'): readonly SvgElement[] {
  return ticks.flatMap(({ line: { x1, y1, x2, y2 }, label }) => {
    const { x, y, ...attributes } = labelAttributes(label, LETTER_SIZE)
    return [line(x1, y1, x2, y2, colour), textElement(x, y, label.words, { ...attributes, fill: 'var(--soft)' })]
  })
}

/** An axis title that reads upwards. (x, y) is the middle of its baseline. */
export function uprightTitle(x: number, y: number, words: string): SvgElement {
  return textElement(x, y, words, {
    'text-anchor': 'middle',
    transform: `rotate(-90 ${coordinate(x)} ${coordinate(y)})`,
  })
}
