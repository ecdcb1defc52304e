import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneLine } from '../support/text.js'

const MAX_LOG = 100_000

/**
 * How a process failed. `late`: it gave no answer in time. `killed`: it was ended by SIGKILL. `crashed`: it was ended
 * by a fault, such as SIGSEGV. `ended`: it ended in any other way.
 */
export type Failing = 'late' | 'killed' | 'crashed' | 'ended'

/** Thrown if a process ended before it answered. The message is a reason without a remedy; the caller adds a remedy. */
export class ChildFailure extends Error {
  constructor(
    message: string,
    readonly failing: Failing,
  ) {
    super(message)
  }
}

/** A running process that answers questions with `answerInOrder`. */
export interface Child<Question, Answer> {
  readonly pid: number
  /** The first bytes that the process wrote to stderr. */
  head(): string
  /**
   * Asks a question. Several questions may be open at a time.
   * @param seconds time limit, after which the process is killed if it has not answered
   */
  ask(question: Question, seconds: number): Promise<Answer>
  /** Sets whether Node stays alive as long as the child process runs. By default, it does. */
  hold(isHeld: boolean): void
  isEnded(): boolean
  /** Kills the process. Pending promises of `ask` are rejected with ChildFailure. */
  kill(): void
  /** Kills the process, and resolves once it has ended. */
  close(): Promise<void>
}

/** @param environment variables to set, unless they are set already */
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
    pid: child.pid!,
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

/** A file for a process's stderr. With a pipe, native libraries would lose text if the parent is too busy to read. */
interface Log {
  readonly descriptor: number
  /** The first bytes of stderr. When a session is opened, the name of the GPU's driver is printed there. */
  head(): string
  /** The last bytes of stderr. They usually say why a process died. */
  tail(): string
  close(): void
}

function openLog(): Log {
  const path = join(tmpdir(), `shiftscope-process-${randomUUID()}.log`)
  const descriptor = openSync(path, 'wx+')
  // An open file needs no name. The system frees a file without a name as soon as it is closed, even if this process
  // is killed.
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

type Conversation<Question, Answer> = Pick<Child<Question, Answer>, 'ask' | 'isEnded'>

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
      child.send(question as object, (error) => error && end(new ChildFailure(error.message, 'ended')))
    })
  return { ask, isEnded: () => ended !== undefined }
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
/** On Windows, which has no signals, a process that crashes ends with a status of at least this (NTSTATUS errors). */
const WINDOWS_FAULTS = 0xc0000000

/** Returns how a process failed, from the exit code or the signal that ended it. */
export function failingOf(code: number | null, signal: NodeJS.Signals | null): Failing {
  if (signal === 'SIGKILL') return 'killed'
  return FAULTS.has(signal ?? '') || (code ?? 0) >= WINDOWS_FAULTS ? 'crashed' : 'ended'
}
