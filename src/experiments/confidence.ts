/** A network counts as confident if its answer at the center has at least this probability. */
export const CONFIDENT = 0.5
