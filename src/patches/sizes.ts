/** Side of the frame in the paper, in pixels. */
export const PAPER_FRAME = 224

/** Sides of the square patches in the paper, in pixels. */
const PAPER_SIZES = [125, 75] as const

/** Side of a patch in pixels, and that of its frame, which is left out if it is the paper's. */
export interface SizeInFrame {
  readonly size: number
  readonly frame?: number
}

/** The part of a result that states its size. Results in the paper's frame do not state the frame. */
export function sizeInFrame({ size, frame }: Required<SizeInFrame>): SizeInFrame {
  return { size, ...(frame !== PAPER_FRAME && { frame }) }
}

/** The size in a frame that has the share of the frame that `usual` pixels have in the paper's frame. */
export function sizeFor(frame: number, usual: number): number {
  return Math.min(frame, Math.max(1, Math.round((usual * frame) / PAPER_FRAME)))
}

/** Sizes of the patches if the user states none, the largest first. */
export function defaultSizes(frame: number): readonly number[] {
  return [...new Set(PAPER_SIZES.map((usual) => sizeFor(frame, usual)))]
}

/**
 * Distance between positions for a frame, in pixels, so that small frames have about as many positions as the paper's.
 * It is a power of two, as are most strides of networks, so a grid shows all their phases equally often.
 * @param usual the distance in the paper's frame, a power of two, which is also the largest one
 */
export function strideFor(frame: number, usual: number): number {
  return Math.min(usual, 2 ** Math.max(0, Math.round(Math.log2((usual * frame) / PAPER_FRAME))))
}

/**
 * Finds the sizes that tables and charts compare. If frames differ and all patches have default sizes, equal shares of
 * the frame are compared, and the result is the size in the paper's frame. Otherwise, equal numbers of pixels are.
 */
export function comparedSizes(all: readonly SizeInFrame[]): (one: SizeInFrame) => number {
  const usual = ({ size, frame = PAPER_FRAME }: SizeInFrame) =>
    PAPER_SIZES.find((paper) => sizeFor(frame, paper) === size)
  const frames = new Set(all.map(({ frame }) => frame))
  const areShares = frames.size > 1 && all.every((one) => usual(one) !== undefined)
  return (one) => (areShares && usual(one)) || one.size
}

/** Names sizes, such as `75 px`. If a frame is not the paper's, it adds their share: `43, 54 px (34 %)`. */
export function sizeText(all: readonly SizeInFrame[], nameOf: (size: number) => string = String): string {
  const inOrder = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b)
  const sizes = `${inOrder(all.map(({ size }) => size))
    .map(nameOf)
    .join(', ')} px`
  if (all.every(({ frame = PAPER_FRAME }) => frame === PAPER_FRAME)) return sizes
  const shares = inOrder(all.map(({ size, frame = PAPER_FRAME }) => Math.round((100 * size) / frame)))
  return `${sizes} (${[...new Set([shares[0], shares.at(-1)])].join('–')} %)`
}

/** As `sizeText`, with both sides of the square: `75×75 px`. */
export function squareText(all: readonly SizeInFrame[]): string {
  return sizeText(all, (size) => `${size}×${size}`)
}
