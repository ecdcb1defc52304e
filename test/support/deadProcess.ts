/** A number that no process has: Linux gives at most 2²² of them, other systems fewer. */
export const DEAD_PID = 2 ** 22 + 1
