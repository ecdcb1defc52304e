import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'

/** Orders of a box's four values: two corners, or the center (`c`) and the size. */
const ORDERS = ['xyxy', 'yxyx', 'cxcywh', 'cycxhw'] as const
/** Units of boxes: pixels of the frame, or shares of its width and height. */
const UNITS = ['px', 'share'] as const

/** What is known of the values of a detector's boxes. */
export interface BoxFormat {
  readonly order?: (typeof ORDERS)[number] | undefined
  readonly unit?: (typeof UNITS)[number] | undefined
}

export const BOXES_HELP = `one of ${ORDERS.join(', ')} and one of ${UNITS.join(', ')}`

/**
 * Reads the option `boxes`, such as `cxcywh,px`. One of its words may be missing.
 * @throws UsageError for an unknown word
 */
export function boxesOption(text: string): BoxFormat {
  const names = text.split(',')
  const order = ORDERS.find((name) => names.includes(name))
  const unit = UNITS.find((name) => names.includes(name))
  const known: readonly unknown[] = [order, unit]
  if (names.every((word) => known.includes(word))) return { order, unit }
  throw UsageError.of`\`boxes ${printable(text)}\` is not known; give ${BOXES_HELP}, such as \`boxes cxcywh,px\``
}

/** How much of the two values of an axis the near side of a box has, and how much its far side has. */
const SIDES = {
  corners: [
    [1, 0],
    [0, 1],
  ],
  center: [
    [1, -0.5],
    [1, 0.5],
  ],
} as const

/**
 * The matrix [4, 4], in rows, that turns the values of a box into left, top, right and bottom in pixels.
 * @param boxes order and unit of the values, such as `cxcywh,px`
 */
export function cornerMatrix(boxes: string, rows: number, cols: number): readonly number[] {
  const [order = '', unit] = boxes.split(',')
  const isYFirst = /^c?y/.test(order)
  return SIDES[order.startsWith('c') ? 'center' : 'corners'].flatMap(([first, second]) =>
    [cols, rows].flatMap((length, axis) => {
      const scale = unit === 'px' ? 1 : length
      const place = isYFirst ? 1 - axis : axis
      return [0, 0, 0, 0].with(place, first * scale).with(place + 2, second * scale)
    }),
  )
}
