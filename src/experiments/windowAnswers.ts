import type { GridShape } from './grid.js'

/**
 * The agreement of answers: the chance that two positions get the same answer if both are drawn at random, each
 * independently of the other.
 * @param answers class index per position
 */
export function answerAgreement(answers: Iterable<number>): number {
  const counts = new Map<number, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return agreementOf(counts)
}

/**
 * The agreement of the windows of a photograph that Zhang 2019 samples, as an exact value. Like his, they begin at most
 * `rows` − 2 pixels from the photograph's upper border, and likewise from the left one.
 * @param answers class index per position, row-major at stride 1; the last position shows the window at the upper left
 * @returns NaN for a grid with a single row or column
 */
export function cropAgreement(answers: ArrayLike<number>, { rows, cols }: GridShape): number {
  const drawn: number[] = []
  for (let row = 1; row < rows; row++) {
    for (let col = 1; col < cols; col++) drawn.push(answers[row * cols + col] as number)
  }
  return drawn.length === 0 ? Number.NaN : answerAgreement(drawn)
}

/** The agreement from how often each answer is given: the sum of the squared shares of the answers. */
export function agreementOf(counts: ReadonlyMap<number, number>): number {
  const all = [...counts.values()]
  const sum = all.reduce((total, count) => total + count, 0)
  return all.reduce((chance, count) => chance + (count / sum) ** 2, 0)
}

/** Directions in which a window moves by one pixel; `diagonal` is down and to the right. */
export const PIXEL_STEPS = ['horizontal', 'vertical', 'diagonal'] as const
export type PixelStep = (typeof PIXEL_STEPS)[number]

/**
 * Share of all pairs of neighbouring positions whose answers differ.
 * @param answers class index per position, row-major
 * @returns undefined if the grid has no such pair
 */
export function answerChange(answers: ArrayLike<number>, shape: GridShape, step: PixelStep): number | undefined {
  const { pairs, same } = neighbours(answers, shape, step)
  return pairs > 0 ? (pairs - same) / pairs : undefined
}

/** Number of pairs of neighbouring positions, and number of those with equal values. */
export function neighbours(values: ArrayLike<number>, { rows, cols }: GridShape, step: PixelStep) {
  const down = step === 'horizontal' ? 0 : 1
  const right = step === 'vertical' ? 0 : 1
  let same = 0
  for (let row = down; row < rows; row++) {
    for (let col = right; col < cols; col++) {
      const at = row * cols + col
      if (values[at] === values[at - down * cols - right]) same++
    }
  }
  return { pairs: (rows - down) * (cols - right), same }
}
