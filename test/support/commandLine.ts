import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Result of a command that has ended. */
export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  /** Text of stderr without the first line of long work, which names its phase. */
  readonly stderr: string
}

const PHASE = /^opening (the network|networks)\n/

/** Starts the built command line, as a user would. */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main: string = MAIN,
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, ended: endOf(child) }
}

/** Collects what a process writes, until it ends. */
export function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (data) => {
    stdout += data
  })
  child.stderr?.on('data', (data) => {
    stderr += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr: stderr.replace(PHASE, '') }))
  })
}

export function shiftscope(...args: string[]): Promise<Ended> {
  return start(args).ended
}

/** All files below a folder: relative path, and a text that differs if the contents differ. */
export async function contents(
  folder: string,
  leaveOut: readonly string[] = [],
): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const pairs = await Promise.all(
    files.sort().map(async (file) => [relative(folder, file), (await readFile(file)).toString('base64')] as const),
  )
  return Object.fromEntries(pairs.filter(([name]) => !leaveOut.includes(name)))
}

/** The number of whole units in a results folder. */
export async function finishedUnits(results: string): Promise<number> {
  const entries = await readdir(join(results, 'units'), { recursive: true }).catch(() => [])
  return entries.filter((name) => name.endsWith('unit.json') && !name.includes('.tmp-')).length
}

/** Waits until `condition` holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
