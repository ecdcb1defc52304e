/** Ends the thread in the middle of a batch. */
export function die() {
  process.exit(1)
}
