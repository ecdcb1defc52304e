import { Worker } from 'node:worker_threads'
import { InputError } from '../errors.js'
import { workerFile } from '../files/package.js'

export interface ConfinedQuestion<Question> {
  readonly question: Question
  readonly bounds: Bounds
}

/** Conditions under which `watch.ts` kills the process. */
export interface Bounds {
  /** The process is killed if it uses more bytes of memory than this. */
  readonly bytes: number
  /** PID of the parent process, which sent the question. This process is killed when it gets a different parent. */
  readonly asker: number
}

export type ConfinedAnswer<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly reason: string; readonly isInput: boolean }

/** A second thread enforces the bounds, because the main thread may be blocked while it computes an answer. */
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
 * Answers the questions that the parent process asks (see `startChild`), one after the other. Ends this process when
 * the parent ends.
 * @param answerTo must not throw
 */
export function answerInOrder<Question, Answer>(answerTo: (question: Question) => Promise<Answer>): void {
  let previous: Promise<void> = Promise.resolve()
  process.on('message', (question: Question) => {
    previous = previous.then(async () => send(await answerTo(question)))
  })
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches all processes of a terminal, but only the parent decides when this process ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
}

/**
 * Resolves once the answer is sent. The next question must wait until then: computing its answer may block this thread,
 * and a blocked thread sends nothing.
 */
function send(answer: unknown): Promise<void> {
  return new Promise((resolve) => process.send?.(answer, () => resolve()))
}
