import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneLine } from '../support/text.js'

/** Bytes that are read from the beginning, and from the end, of what a process wrote to stderr. */
const MAX_LOG = 100_000

/**
 * How a process failed: it gave no answer in time, a signal that it cannot catch killed it, it crashed by its own
 * fault, or it ended in another way.
 */
export type Failing = 'late' | 'killed' | 'crashed' | 'ended'

/** A process ended or was killed before it answered. The message holds only the reason. */
export class ChildFailure extends Error {
  constructor(
    message: string,
    readonly failing: Failing,
  ) {
    super(message)
  }
}

/** A process that answers questions; it runs `answerInOrder`. */
export interface Child<Question, Answer> {
  readonly pid: number
  /** The beginning of what it wrote to stderr. */
  head(): string
  /** Sends a message that gets no answer. */
  tell(message: Question): void
  /**
   * Answers come in the order of the questions.
   * @param seconds without an answer after which the process counts as lost and is killed
   * @throws ChildFailure
   */
  ask(question: Question, seconds: number): Promise<Answer>
  /** Sets whether this program waits for the process before it ends. At first it does. */
  hold(isHeld: boolean): void
  isEnded(): boolean
  /** Kills the process; open questions fail. */
  kill(): void
  /** Kills the process, and resolves once it is gone. */
  close(): Promise<void>
}

/**
 * Starts a process.
 * @param script address of its module
 * @param environment added to this process's own environment; where both set a variable, this process's value is used
 */
export function startChild<Question, Answer>(
  script: string,
  environment: Readonly<Record<string, string>> = {},
): Child<Question, Answer> {
  const log = openLog()
  const child = fork(fileURLToPath(script), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', log.descriptor, 'ipc'],
    env: { ...environment, ...process.env },
    execArgv: [],
  })
  const conversation = converse<Question, Answer>(child, log)
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      log.close()
      resolve()
    })
  })
  const kill = () => {
    child.kill('SIGKILL')
  }
  return {
    ...conversation,
    pid: child.pid as number,
    head: log.head,
    hold: (isHeld) => {
      for (const handle of [child, child.channel]) {
        if (isHeld) handle?.ref()
        else handle?.unref()
      }
    },
    kill,
    close: () => {
      kill()
      return closed
    },
  }
}

/**
 * A file that a process writes its stderr to. A pipe would not do: native libraries write in small pieces, and a full pipe
 * loses them while this process is busy.
 */
interface Log {
  readonly descriptor: number
  /** The beginning. A driver writes its name there while a session is opened. */
  head(): string
  /** The end: the last words of a process that died. */
  tail(): string
  close(): void
}

function openLog(): Log {
  const path = join(tmpdir(), `shiftscope-process-${randomUUID()}.log`)
  const descriptor = openSync(path, 'wx+')
  // Removed at once where the system allows it, so that nothing is left behind whatever happens.
  if (process.platform !== 'win32') rmSync(path)
  const text = (position: number) => {
    const buffer = Buffer.alloc(MAX_LOG)
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, MAX_LOG, position))
  }
  return {
    descriptor,
    head: () => text(0),
    tail: () => text(Math.max(0, fstatSync(descriptor).size - MAX_LOG)),
    close: () => {
      closeSync(descriptor)
      rmSync(path, { force: true })
    },
  }
}

type Conversation<Question, Answer> = Pick<Child<Question, Answer>, 'tell' | 'ask' | 'isEnded'>

/** Asks a process. When it ends, all open questions fail. */
function converse<Question, Answer>(child: ChildProcess, log: Log): Conversation<Question, Answer> {
  const open: { answer(answer: Answer): void; fail(failure: ChildFailure): void }[] = []
  let ended: ChildFailure | undefined
  const end = (failure: ChildFailure) => {
    ended ??= failure
    for (const question of open.splice(0)) question.fail(ended)
  }
  child.on('message', (answer: Answer) => open.shift()?.answer(answer))
  child.on('error', (error) => end(new ChildFailure(error.message, 'ended')))
  child.on('close', (code, signal) => end(endOf(code, signal, log.tail())))
  const tell = (message: Question) => {
    if (ended === undefined)
      child.send(message as object, (error) => error && end(new ChildFailure(error.message, 'ended')))
  }
  const ask = (question: Question, seconds: number) =>
    new Promise<Answer>((resolve, reject) => {
      if (ended !== undefined) return reject(ended)
      const timer = setTimeout(() => {
        end(new ChildFailure(`gave no answer in ${seconds} s`, 'late'))
        child.kill('SIGKILL')
      }, seconds * 1000)
      open.push({
        answer: (answer) => {
          clearTimeout(timer)
          resolve(answer)
        },
        fail: (failure) => {
          clearTimeout(timer)
          reject(failure)
        },
      })
      tell(question)
    })
  return { tell, ask, isEnded: () => ended !== undefined }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): ChildFailure {
  const reason = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(Warning|\[Vulkan Loader\])/.test(line))
    .at(-1)
  const end = signal === null ? `its process ended with status ${code}` : `its process crashed (${signal})`
  return new ChildFailure(reason === undefined ? end : `${end}: ${oneLine(reason)}`, failingOf(code, signal))
}

const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP'])
/** Windows has no signals: a process that faults ends with a status of at least this. */
const WINDOWS_FAULTS = 0xc0000000

function failingOf(code: number | null, signal: NodeJS.Signals | null): Failing {
  if (signal === 'SIGKILL') return 'killed'
  return FAULTS.has(signal ?? '') || (code ?? 0) >= WINDOWS_FAULTS ? 'crashed' : 'ended'
}
