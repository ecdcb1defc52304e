/** Side of the frame in the paper, in pixels. */
export const PAPER_FRAME = 224

/** Sides of the square patches in the paper, in pixels. */
const PAPER_SIZES = [125, 75] as const

/** Side of the scaled photograph, divided by the side of the frames that are cut out of it (Zhang 2019). */
const SOURCE_PER_FRAME = 256 / 224

/** Side of a patch in pixels, and that of its frame, which is left out if it is the paper's. */
export interface SizeInFrame {
  readonly size: number
  readonly frame?: number
}

/** Side in pixels of the square photographs over which a frame moves by default. */
export function sourceSide(frameSide: number): number {
  return Math.round(frameSide * SOURCE_PER_FRAME)
}

/** The part of a result that states its size. Results in the paper's frame do not state the frame. */
export function sizeInFrame({ size, frame = PAPER_FRAME }: SizeInFrame): SizeInFrame {
  return { size, ...(frame !== PAPER_FRAME && { frame }) }
}

/** The size in a frame that has the share of the frame that `usual` pixels have in the paper's frame. */
export function sizeFor(frameSide: number, usual: number): number {
  return Math.min(frameSide, Math.max(1, Math.round((usual * frameSide) / PAPER_FRAME)))
}

/** Whether two sizes have the same share of their frames, as near as whole pixels allow. */
export function isSameShare(a: Required<SizeInFrame>, b: Required<SizeInFrame>): boolean {
  const scaled = (one: typeof a, other: typeof a) => Math.round((one.size * other.frame) / one.frame) === other.size
  return scaled(a, b) || scaled(b, a)
}

/** Sizes of the patches if the user states none, the largest first. */
export function defaultSizes(frameSide: number): readonly number[] {
  return [...new Set(PAPER_SIZES.map((usual) => sizeFor(frameSide, usual)))]
}

/** A default grid of positions has at least as many rows, if the frame is large enough. */
const FEWEST_ROWS = 12

/**
 * Default distance between positions in a frame, in pixels. It is not a share of the frame, because networks have
 * strides in pixels. In small frames, it is halved until the grid for the largest default size has enough rows.
 * @param usual the distance in large frames, a power of two
 */
export function strideFor(frameSide: number, usual: number): number {
  const [largest = 1] = defaultSizes(frameSide)
  const most = (frameSide - largest + 1) / FEWEST_ROWS
  return most >= usual || usual === 1 ? usual : strideFor(frameSide, usual / 2)
}

/**
 * Finds the sizes that tables and charts compare. If frames differ and all objects have default sizes, equal shares of
 * the frame are compared, and the result is the size in the paper's frame. Otherwise, equal numbers of pixels are.
 */
export function comparedSizes(all: readonly SizeInFrame[]): (one: SizeInFrame) => number {
  const usual = ({ size, frame = PAPER_FRAME }: SizeInFrame) =>
    PAPER_SIZES.find((paper) => sizeFor(frame, paper) === size)
  const frameSides = new Set(all.map(({ frame = PAPER_FRAME }) => frame))
  const areShares = frameSides.size > 1 && all.every((one) => usual(one) !== undefined)
  return (one) => (areShares && usual(one)) || one.size
}

/**
 * Names sizes, such as `75 px`. If a frame of the study is not the paper's, it adds their shares: `43, 54 px (34 %)`.
 * @param study all sizes between which a reader compares
 */
export function sizeText(
  some: readonly SizeInFrame[],
  study = some,
  nameOf: (size: number) => unknown = String,
): string {
  const inOrder = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b)
  const sizes = inOrder(some.map(({ size }) => size)).map(nameOf)
  const shares = inOrder(some.map(({ size, frame = PAPER_FRAME }) => Math.round((100 * size) / frame)))
  const range = [...new Set([shares[0], shares.at(-1)])].join('–')
  // An array without a description counts as positions of one pixel, in no frame.
  const hasShares = study.some(({ size, frame = PAPER_FRAME }) => size > 1 && frame !== PAPER_FRAME)
  return `${sizes.join(', ')} px${hasShares ? ` (${range} %)` : ''}`
}

/** As `sizeText`, with both sides of the square if there is one size: `75×75 px`. */
export function squareText(some: readonly SizeInFrame[], study = some): string {
  const isOne = some.every(({ size }) => size === some[0]?.size)
  return sizeText(some, study, (size) => (isOne ? `${size}×${size}` : size))
}
