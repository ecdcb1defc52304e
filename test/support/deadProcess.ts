/** A process id that no process has: Linux assigns at most 2²² of them, and other systems fewer. */
export const DEAD_PID = 2 ** 22 + 1
