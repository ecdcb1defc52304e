import { type ColourLimits, type ColourMap, hot } from './colormap.js'

/** A map with one value per position, [rows, cols], row-major. */
export interface GridValues {
  readonly values: ArrayLike<number>
  readonly rows: number
  readonly cols: number
}

/**
 * Draws a map. Each value becomes a rectangle of one colour.
 * @param height of the picture in pixels, a whole multiple of `rows`
 * @param width of the picture in pixels, a whole multiple of `cols`
 * @param colours colour map, by default "hot"
 * @returns RGB, [height, width, 3]
 */
export function mapPixels(
  { values, rows, cols }: GridValues,
  { low, high }: ColourLimits,
  height = rows,
  width = cols,
  colours: ColourMap = hot,
): Uint8Array {
  const pixels = new Uint8Array(height * width * 3)
  const [tall, wide] = [height / rows, width / cols]
  for (let row = 0; row < rows; row++) {
    const start = row * tall * width * 3
    for (let col = 0; col < cols; col++) {
      const colour = colours((values[row * cols + col]! - low) / (high - low))
      for (let x = col * wide; x < (col + 1) * wide; x++) pixels.set(colour, start + x * 3)
    }
    const line = pixels.subarray(start, start + width * 3)
    for (let y = 1; y < tall; y++) pixels.set(line, start + y * width * 3)
  }
  return pixels
}
