import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'

/** Units of boxes: pixels of the frame, or shares of its width and height. */
const UNITS = ['px', 'share'] as const
type BoxUnit = (typeof UNITS)[number]

/** How much of a box's first and second value of an axis its near and its far side have. */
const CORNERS = { near: [1, 0], far: [0, 1] } as const
const CENTER = { near: [1, -0.5], far: [1, 0.5] } as const
const CORNER = { near: [1, 0], far: [1, 1] } as const

/** Orders of a box's four values, with the place of x. `c` stands for the center; `xywh` begins with the corner. */
const ORDERS = {
  xyxy: { x: 0, ...CORNERS },
  yxyx: { x: 1, ...CORNERS },
  cxcywh: { x: 0, ...CENTER },
  cycxhw: { x: 1, ...CENTER },
  xywh: { x: 0, ...CORNER },
} as const
type BoxOrder = keyof typeof ORDERS

/** What is known of the values of a detector's boxes. */
export interface BoxReading {
  readonly order?: BoxOrder
  readonly unit?: BoxUnit
}

export interface FoundReading extends BoxReading {
  /** Where the reading was found. */
  readonly source: string
}

export const BOXES_HELP = `one of ${Object.keys(ORDERS).join(', ')} and one of ${UNITS.join(', ')}`

/**
 * Reads the option `boxes`, such as `cxcywh,px`. One of its words may be missing.
 * @throws UsageError for an unknown word
 */
export function boxesOption(text: string): FoundReading {
  const words = text.split(',')
  const order = words.find((word): word is BoxOrder => Object.hasOwn(ORDERS, word))
  const unit = UNITS.find((name) => words.includes(name))
  const known: readonly unknown[] = [order, unit]
  if (words.every((word) => known.includes(word)))
    return { ...(order && { order }), ...(unit && { unit }), source: 'options' }
  throw new UsageError(`\`boxes ${printable(text)}\` is not known; give ${BOXES_HELP}, such as \`boxes cxcywh,px\``)
}

/**
 * The matrix [4, 4], in rows, that turns the values of a box into left, top, right and bottom in pixels.
 * @param boxes order and unit of the values, such as `cxcywh,px`
 */
export function cornerMatrix(boxes: string, rows: number, cols: number): readonly number[] {
  const [order, unit] = boxes.split(',') as [BoxOrder, BoxUnit]
  const { x, near, far } = ORDERS[order]
  return [near, far].flatMap(([first, second]) =>
    [cols, rows].flatMap((length, axis) => {
      const scale = unit === 'px' ? 1 : length
      const place = axis === 0 ? x : 1 - x
      return [0, 0, 0, 0].with(place, first * scale).with(place + 2, second * scale)
    }),
  )
}
