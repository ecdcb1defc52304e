/** An answer is confident if it has at least this probability, at the center or in the first image of a protocol. */
export const CONFIDENT = 0.5

/**
 * The answer counts as the same everywhere if two positions get the same answer with at least this chance. The most
 * frequent answer is then given at about 97.5 % of positions.
 */
export const EVERYWHERE = 0.95
