/** An answer is confident if it has at least this probability, at the center or in the first image of a protocol. */
export const CONFIDENT = 0.5
