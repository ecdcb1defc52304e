import { InputError, throwIfStopped } from '../errors.js'
import type { ConfinedAnswer, ConfinedQuestion } from './answering.js'
import { type Child, ChildFailure, startChild } from './child.js'

/** Limits of one call. */
export interface Limits {
  readonly seconds: number
  /** Bytes of memory, the process's own included. */
  readonly bytes: number
}

/**
 * Asks a process that is killed when it exceeds the limits.
 * @throws InputError with the message of the InputError that the process threw; Error for its other errors;
 * ChildFailure, whose message is the reason, when the process exceeded a limit or crashed; the signal's reason, once it
 * was given
 */
export type Confined<Question, Answer> = (question: Question, limits: Limits, signal?: AbortSignal) => Promise<Answer>

/** Milliseconds that a process waits for the next question, since several often come one after the other. */
const IDLE = 2000

/**
 * Runs work on files from outside in a process of its own, because the libraries for it have no limits and cannot be
 * stopped. There is one process at a time, which is started with the first question; questions wait for one another.
 * @param script address of the process's module, which calls `answerConfined`
 */
export function confined<Question, Answer>(script: string): Confined<Question, Answer> {
  type Asked = Child<ConfinedQuestion<Question>, ConfinedAnswer<Answer>>
  let child: Asked | undefined
  let idling: NodeJS.Timeout | undefined
  let last: Promise<unknown> = Promise.resolve()
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
    const turn = last.then(() => answerOf(question, limits, signal))
    last = turn.catch(() => undefined)
    const answer = await turn
    if (answer.kind === 'answer') return answer.answer
    throw answer.isInput ? new InputError(answer.reason) : new Error(answer.reason)
  }
}

/** A killed process took too much memory: only its own watch and a system that is short of memory kill it. */
function inWords({ message, failing }: ChildFailure, { seconds, bytes }: Limits): ChildFailure {
  if (failing === 'late') return new ChildFailure(`it takes longer than ${seconds} s`, failing)
  if (failing === 'killed')
    return new ChildFailure(`it takes more than ${Math.floor(bytes / 2 ** 20)} MiB of memory`, failing)
  return new ChildFailure(message, failing)
}
