import { vi } from 'vitest'
import { runProgram } from '../../src/cli/program.js'

/** Output of a command that ran in this process, and its exit status. */
export interface Printed {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command in this process, so that a test of its output needs no process of its own. */
export async function runHere(
  words: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Printed> {
  const { result, ...printed } = await captured(words, () => runProgram({ signal }))
  return { status: result, ...printed }
}

/** Captures the output of `print`, which runs with these arguments as those of the process. */
export async function captured<T>(
  words: readonly string[],
  print: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly stdout: string; readonly stderr: string }> {
  const { argv } = process
  const stdout = capture(process.stdout)
  const stderr = capture(process.stderr)
  process.argv = ['node', 'shiftscope', ...words]
  try {
    const result = await print()
    return { result, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.argv = argv
    stdout.restore()
    stderr.restore()
  }
}

function capture(stream: NodeJS.WriteStream) {
  let text = ''
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  return { text: () => text, restore: () => spy.mockRestore() }
}
