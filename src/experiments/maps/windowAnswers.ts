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

/** The agreement from how often each answer is given: the sum of the squared shares of the answers. */
export function agreementOf(counts: ReadonlyMap<number, number>): number {
  const all = [...counts.values()]
  const sum = all.reduce((total, count) => total + count, 0)
  return all.reduce((chance, count) => chance + (count / sum) ** 2, 0)
}

/** Directions in which a window moves by one pixel; `diagonal` is down and to the right. */
export const PIXEL_STEPS = ['horizontal', 'vertical', 'diagonal'] as const
export type PixelStep = (typeof PIXEL_STEPS)[number]

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
