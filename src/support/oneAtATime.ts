/** Returns a function that starts each piece of work when the one before it has ended, whether or not it failed. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let before: Promise<void> = Promise.resolve()
  return (work) => {
    const done = before.then(work)
    // `before` must not hold the result, which may be large and would then stay in memory.
    before = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }
}
