import { Worker } from 'node:worker_threads'
import { InputError } from '../errors.js'
import { workerFile } from '../files/package.js'

export interface ConfinedQuestion<Question> {
  readonly question: Question
  readonly bounds: Bounds
}

/** Limits beyond which the process is killed. */
export interface Bounds {
  /** Bytes of memory. */
  readonly bytes: number
  /** Number of the process that asked. */
  readonly asker: number
}

export type ConfinedAnswer<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly reason: string; readonly isInput: boolean }

/**
 * Runs in a process that `confined` started, and answers its questions. A question may block this thread for ever, so another
 * thread watches it.
 */
export function answerConfined<Question, Answer>(answerTo: (question: Question) => Promise<Answer>): void {
  const watch = new Worker(new URL(workerFile('childProcess/watch.js')))
  answerInOrder<ConfinedQuestion<Question>, ConfinedAnswer<Answer>>(async ({ question, bounds }) => {
    watch.postMessage(bounds)
    try {
      return { kind: 'answer', answer: await answerTo(question) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { kind: 'failed', reason, isInput: error instanceof InputError }
    }
  })
}

/**
 * Runs in a process that `startChild` started: answers its messages one after the other, and ends when the starter ends.
 * @param answerTo gives undefined if there is nothing to answer; must not throw
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
  // Ctrl-C goes to all processes of a terminal, and SIGTERM often to all of a job. The starter decides when this one
  // ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
}

/** Resolves once the answer is sent, since the next question may block this thread. */
function send(answer: unknown): Promise<void> {
  return new Promise((resolve) => process.send?.(answer, () => resolve()))
}
