import { polygonMask } from './polygonMask.js'
import { type Mask, runLengthMask } from './runLengthMask.js'

/**
 * The mask of an annotation's `segmentation` in an image, as the COCO API makes it: a list of polygons (boxes x, y,
 * width, height if the first has four numbers), or run lengths as a list or compressed.
 * @throws Error that says what is damaged
 */
export function cocoMask(segmentation: unknown, rows: number, cols: number): Mask {
  if (Array.isArray(segmentation)) return polygonMask(polygonsOf(segmentation), rows, cols)
  const { size, counts } = (segmentation ?? {}) as { size?: unknown; counts?: unknown }
  if (!isNumbers(size) || !(isNumbers(counts) || typeof counts === 'string')) {
    throw new Error('its segmentation is neither polygons nor run lengths')
  }
  if (size[0] !== rows || size[1] !== cols) {
    throw new Error(`its mask is of ${size[1]}×${size[0]} pixels, the image of ${cols}×${rows}`)
  }
  return runLengthMask(counts, rows, cols)
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(Number.isFinite)
}

function polygonsOf(lists: readonly unknown[]): readonly (readonly number[])[] {
  if (!lists.every(isNumbers)) throw new Error('its segmentation is not lists of numbers')
  const length = lists[0]?.length ?? 0
  if (length < 4) throw new Error('its segmentation has no polygon')
  if (length > 4) return lists
  if (lists.some((list) => list.length !== 4)) throw new Error('its segmentation mixes boxes and polygons')
  return lists.map(([x, y, w, h]) => {
    const [left, top, right, bottom] = [x, y, (x as number) + (w as number), (y as number) + (h as number)] as number[]
    return [left, top, left, bottom, right, bottom, right, top] as number[]
  })
}
