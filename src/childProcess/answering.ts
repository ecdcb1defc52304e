/**
 * The side of a process that `startChild` started: answers messages one after the other, and ends with whoever started it.
 * @param answerTo gives undefined where there is nothing to answer; must not throw
 */
export function answerInOrder<Question, Answer>(answerTo: (message: Question) => Promise<Answer | undefined>): void {
  let previous: Promise<void> = Promise.resolve()
  process.on('message', (message: Question) => {
    previous = previous.then(async () => {
      const answer = await answerTo(message)
      if (answer !== undefined) await send(answer)
    })
  })
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C goes to all processes of a terminal, SIGTERM often to all of a job; whoever started this one decides when it ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
}

/** An answer is on its way before the next question holds this thread. */
function send(answer: unknown): Promise<void> {
  return new Promise((resolve) => process.send?.(answer, () => resolve()))
}
