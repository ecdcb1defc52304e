/** A picture's pixels: RGBA, row-major. */
type Pixels = Pick<ImageData, 'data' | 'width' | 'height'>

/**
 * Makes a pixel transparent, together with all connected pixels of a similar colour. Pixels are connected if they share
 * a side. Colours are similar if no channel differs by more than `tolerance`.
 * @returns the number of pixels that were made transparent
 */
export function cutFrom({ data, width }: Pixels, x: number, y: number, tolerance: number): number {
  const seed = y * width + x
  const colour = [0, 1, 2].map((channel) => data[seed * 4 + channel] as number)
  const isLike = (pixel: number) =>
    data[pixel * 4 + 3] !== 0 &&
    colour.every((value, channel) => Math.abs((data[pixel * 4 + channel] as number) - value) <= tolerance)
  if (!isLike(seed)) return 0
  const waiting = [seed]
  let count = 0
  data[seed * 4 + 3] = 0
  for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
    count++
    const column = pixel % width
    const neighbours = [
      pixel - width,
      pixel + width,
      ...(column > 0 ? [pixel - 1] : []),
      ...(column < width - 1 ? [pixel + 1] : []),
    ]
    for (const next of neighbours) {
      // Above and below the picture, there are no values, so `isLike` is false there.
      if (!isLike(next)) continue
      data[next * 4 + 3] = 0
      waiting.push(next)
    }
  }
  return count
}

/** Share of pixels that are more than half transparent. */
export function transparentShare({ data, width, height }: Pixels): number {
  let count = 0
  for (let alpha = 3; alpha < data.length; alpha += 4) if ((data[alpha] as number) < 128) count++
  return count / (width * height)
}
