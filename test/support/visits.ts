/**
 * Counts the entries of arrays that `work` visits by `for … of`, spread and the like. The count tells whether work
 * grows with the square of its input, without measuring time.
 */
export function visitsOf(work: () => unknown): number {
  const original = Array.prototype[Symbol.iterator]
  let visits = 0
  function* counted(this: unknown[]): ArrayIterator<unknown> {
    for (let i = 0; i < this.length; i++) {
      visits++
      yield this[i]
    }
  }
  Array.prototype[Symbol.iterator] = counted
  try {
    work()
  } finally {
    Array.prototype[Symbol.iterator] = original
  }
  return visits
}
