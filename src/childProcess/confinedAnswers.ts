import { Worker } from 'node:worker_threads'
import { InputError } from '../errors.js'
import { workerFile } from '../files/package.js'
import { answerInOrder } from './answering.js'

export interface ConfinedQuestion<Question> {
  readonly question: Question
  readonly bounds: Bounds
}

/** Beyond these the process is killed. */
export interface Bounds {
  /** Of memory. */
  readonly bytes: number
  /** Number of the process that asked. */
  readonly asker: number
}

export type ConfinedAnswer<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly reason: string; readonly isInput: boolean }

/** The side of a process that `confined` asks. Its thread may be held for ever; another one watches it. */
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
