import { type ChildProcess, fork } from 'node:child_process'
import { failingOf } from '../../childProcess/child.js'
import { WorkerError } from '../../errors.js'
import type { ProgressListener } from '../../progress.js'

/** Makes the terminal show its cursor and wrap long lines again. A progress bar switches both off. */
export const TERMINAL_AS_IT_WAS = '\x1b[?25h\x1b[?7h'

/** Environment variable that tells a process that another process watches it. */
const WATCHED = 'SHIFTSCOPE_WATCHED'

/** After this many crashes at the same work, with no work finished in between, the process is not started again. */
const MAX_CRASHES = 3

/** Message from the computing process to the process that watches it. */
interface AtWork {
  /** Label of the work that begins now, such as the id of a network. */
  readonly at: string
  /** Amount of work that is left. It decreases when work is finished. */
  readonly left: number
}
interface Forwarded {
  readonly signal: 'SIGINT' | 'SIGTERM'
}

/** Whether these arguments run a study (not only print its help or plan) and no process watches this process yet. */
export function isToBeSupervised(words: readonly string[]): boolean {
  // Flags of all commands, such as `--verbose`, may stand before the command.
  const command = words.find((word) => !word.startsWith('-'))
  const isStudy =
    ['reproduce', 'consistency'].includes(command ?? '') && !words.some((word) => /^(-h|--help|--dry-run)$/.test(word))
  return isStudy && !isWatched()
}

/**
 * Runs the command in a child process. If the child crashes (because of a bug in native code, or too little memory), it
 * is started again, until it has crashed three times at the same work. Results that are already stored are kept.
 * Supervision costs little, because this process only waits. One process for each ONNX Runtime session would be slower:
 * by 4 to 15 % with MobileNetV2, and by 30 to 60 % with the embedded networks (measured with `bench/sessions.mjs`).
 */
export async function supervise(): Promise<void> {
  let child: ChildProcess | undefined
  let stopped: Forwarded['signal'] | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopped = signal
      // The child may have ended by the same signal. Without a callback, the failed message would end this process.
      if (child?.connected) child.send({ signal } satisfies Forwarded, () => {})
    })
  }
  const crashes = new Map<string, number>()
  for (;;) {
    child = fork(process.argv[1]!, process.argv.slice(2), {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [WATCHED]: '1' },
    })
    const { status, signal, work } = await endOf(child)
    const crash = crashOf(status, signal)
    if (crash === undefined || stopped !== undefined) return endAs(status, signal)
    const key = JSON.stringify(work ?? null)
    const times = (crashes.get(key) ?? 0) + 1
    crashes.set(key, times)
    const what = `the computing process ${crash}${work === undefined ? '' : ` at ${work.at}`}`
    if (process.stderr.isTTY) process.stderr.write(`${TERMINAL_AS_IT_WAS}\n`)
    if (times === MAX_CRASHES) {
      const error = new WorkerError(
        `${what}, ${MAX_CRASHES} times in a row. Finished units are saved; try a smaller --batch or fewer --workers, or leave this network out`,
      )
      process.stderr.write(`shiftscope: ${error.message}\n`)
      process.exitCode = error.exitStatus
      return
    }
    process.stderr.write(`${what}; restarting it with the remaining work\n`)
  }
}

function isWatched(): boolean {
  return process.env[WATCHED] !== undefined && process.send !== undefined
}

export function toldToSupervisor(listener: ProgressListener): ProgressListener {
  if (!isWatched()) return listener
  return (event) => {
    if (event.kind === 'start' && process.connected)
      process.send?.({ at: event.label, left: event.total - event.before } satisfies AtWork)
    listener(event)
  }
}

/** Calls the listener with each forwarded signal. If the watching process is killed, this one is killed too. */
export function onForwardedSignal(listener: (signal: Forwarded['signal']) => void): void {
  if (!isWatched()) return
  process.on('message', ({ signal }: Forwarded) => listener(signal))
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // The channel to the watching process must not keep this process alive.
  process.channel?.unref()
}

interface End {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  /** The work that the process was doing when it ended; undefined if none had begun. */
  readonly work: AtWork | undefined
}

function endOf(child: ChildProcess): Promise<End> {
  let work: AtWork | undefined
  child.on('message', (message: AtWork) => {
    work = message
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status, signal) => resolve({ status, signal, work }))
  })
}

function crashOf(status: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (failingOf(status, signal) === 'ended') return undefined
  return `crashed (${signal ?? `0x${status?.toString(16)}`})`
}

function endAs(status: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) {
    process.exitCode = status ?? 1
    return
  }
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
