import { InputError, throwIfStopped } from '../errors.js'
import { oneAtATime } from '../support/oneAtATime.js'
import type { ConfinedAnswer, ConfinedQuestion } from './answering.js'
import { type Child, ChildFailure, startChild } from './child.js'

export interface Limits {
  readonly seconds: number
  /** Bytes of memory that the process may use in total. */
  readonly bytes: number
}

/**
 * Sends a question to a separate process and returns the answer. The process is killed if it exceeds the limits.
 * @throws InputError if the process threw one, with the same message; Error for any other error
 * @throws ChildFailure if the process exceeded a limit or crashed; the message is the reason
 */
export type Confined<Question, Answer> = (question: Question, limits: Limits, signal?: AbortSignal) => Promise<Answer>

/** Milliseconds for which an idle process is kept, because several requests often follow each other. */
const IDLE = 2000

/**
 * Runs work on untrusted files in a separate process, because libraries that read them cannot be limited or stopped.
 * The first question starts the process. Each question waits until the one before it is answered.
 * @param script URL of the process's module, which calls `answerConfined`
 */
export function confined<Question, Answer>(script: string): Confined<Question, Answer> {
  type Asked = Child<ConfinedQuestion<Question>, ConfinedAnswer<Answer>>
  let child: Asked | undefined
  let idling: NodeJS.Timeout | undefined
  const inTurn = oneAtATime()
  const running = (): Asked => {
    clearTimeout(idling)
    if (child === undefined || child.isEnded()) child = startChild(script)
    child.hold(true)
    return child
  }
  const end = (ended: Asked) => {
    child = undefined
    return ended.close()
  }
  const rest = (idle: Asked) => {
    idle.hold(false)
    idling = setTimeout(() => end(idle), IDLE).unref()
  }
  const answerOf = async (question: Question, limits: Limits, signal: AbortSignal | undefined) => {
    throwIfStopped(signal)
    const asked = running()
    signal?.addEventListener('abort', asked.kill)
    try {
      const bounds = { bytes: limits.bytes, asker: process.pid }
      const answer = await asked.ask({ question, bounds }, limits.seconds)
      rest(asked)
      return answer
    } catch (error) {
      await end(asked)
      throwIfStopped(signal)
      throw error instanceof ChildFailure ? inWords(error, limits) : error
    } finally {
      signal?.removeEventListener('abort', asked.kill)
    }
  }
  return async (question, limits, signal) => {
    const answer = await inTurn(() => answerOf(question, limits, signal))
    if (answer.kind === 'answer') return answer.answer
    throw answer.isInput ? new InputError(answer.reason) : new Error(answer.reason)
  }
}

/**
 * Turns a failure into words for the user. If the process was killed, it used too much memory: it is killed only by
 * `watch.ts`, which limits its memory, or by a system without free memory.
 */
function inWords({ message, failing }: ChildFailure, { seconds, bytes }: Limits): ChildFailure {
  if (failing === 'late') return new ChildFailure(`it takes longer than ${seconds} s`, failing)
  if (failing === 'killed')
    return new ChildFailure(`it takes more than ${Math.floor(bytes / 2 ** 20)} MiB of memory`, failing)
  return new ChildFailure(message, failing)
}
