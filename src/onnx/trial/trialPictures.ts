import type { NetworkInput } from '../../network.js'

/**
 * The pictures of a trial run. Statistics of a batch show only if its images are unlike each other, and if no image
 * decides the statistics of all batches.
 */
export type TrialPicture = keyof typeof PICTURES

/**
 * The range of red, green and blue. No picture is of one value: a network that scales each image by its own range would
 * divide by 0. Where a range descends, its values are high where those of the others are low.
 */
const PICTURES = {
  contrasting: { red: [0, 255], green: [0, 255], blue: [0, 255] },
  bright: { red: [255, 240], green: [255, 240], blue: [255, 240] },
  dark: { red: [15, 0], green: [15, 0], blue: [15, 0] },
  colourful: { red: [160, 223], green: [47, 16], blue: [16, 31] },
} as const

/** Two orders. In neither does the first picture have the largest values. */
export const FIRST: readonly TrialPicture[] = ['dark', 'contrasting', 'bright', 'colourful']
export const SECOND: readonly TrialPicture[] = ['colourful', 'bright', 'contrasting', 'dark']

/** The first `images` pictures of an order, which is repeated if it is shorter. */
export function inOrder(order: readonly TrialPicture[], images = 1): readonly TrialPicture[] {
  return Array.from({ length: images }, (_, i) => order[i % order.length]!)
}

/** The input for pictures that have many different values in each channel, [images, 3, rows, cols]. */
export function pictureInput(
  pictures: readonly TrialPicture[],
  [channels = 3, rows = 1, cols = 1]: readonly number[],
  { divisor, mean, std }: Pick<NetworkInput, 'divisor' | 'mean' | 'std'>,
): Float32Array {
  const length = rows * cols
  const input = new Float32Array(pictures.length * channels * length)
  for (const [image, picture] of pictures.entries())
    for (const [channel, [from, to]] of Object.values(PICTURES[picture]).entries()) {
      const values = input.subarray((image * channels + channel) * length).subarray(0, length)
      const inputOf = (level: number) => {
        const pixel = Math.round(from + ((to - from) * level) / 255)
        return (pixel / divisor - mean[channel]!) / std[channel]!
      }
      values.forEach((_, i) => {
        values[i] = inputOf(((i + channel) * 7919) % 256)
      })
    }
  return input
}
