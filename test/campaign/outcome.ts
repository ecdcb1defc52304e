import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { contents, type Ended, start } from '../support/commandLine.js'
import type { WritingCommand } from './commands.js'

/** The longest that a command of the campaign may take, in milliseconds; the machine may be busy. */
const LONGEST = 120_000

/** What a command leaves behind where nothing disturbs it. */
export interface Reference {
  readonly files: Readonly<Record<string, string>>
  readonly milliseconds: number
}

/** Runs a command to its end, or for so long; or other words where it writes. */
export async function runIn(
  folder: string,
  { run, before }: WritingCommand,
  { killAfter, words }: { readonly killAfter?: number; readonly words?: readonly string[] } = {},
): Promise<Ended & { readonly isLate: boolean }> {
  if (words === undefined && !existsSync(folder)) await before?.(folder)
  const asked = run(folder)
  const inFolder = words?.map((word) => word.replace('OUT', join(folder, 'out')))
  const { child, ended } = start(inFolder ?? asked.words, asked.env)
  let isLate = false
  const kill = setTimeout(() => {
    isLate = killAfter === undefined
    child.kill('SIGKILL')
  }, killAfter ?? LONGEST)
  const end = await ended
  clearTimeout(kill)
  return { ...end, isLate }
}

/** References below a folder, each made when it is first asked for. */
export function openReferences(folder: string): (command: WritingCommand) => Promise<Reference> {
  const known = new Map<WritingCommand, Promise<Reference>>()
  return (command) => {
    const reference = known.get(command) ?? referenceOf(join(folder, `reference-${command.name}`), command)
    known.set(command, reference)
    return reference
  }
}

export async function referenceOf(folder: string, command: WritingCommand): Promise<Reference> {
  const begin = performance.now()
  const { status, stderr } = await runIn(folder, command)
  if (status !== 0) throw new Error(`${command.name} ended with ${status}: ${stderr}`)
  return { files: await contents(folder, command.differing), milliseconds: performance.now() - begin }
}

/** How a folder differs from what it should hold, a line each. */
export async function differences(
  folder: string,
  { differing }: WritingCommand,
  { files }: Reference,
): Promise<string[]> {
  const found = await contents(folder, differing)
  const names = [...new Set([...Object.keys(files), ...Object.keys(found)])].sort()
  return names.flatMap((name) => {
    if (files[name] === undefined) return [`${name} was left behind`]
    // A graph is made where there is enough to do for it, and only then.
    if (found[name] === undefined) return name.startsWith('cache/graphs/') ? [] : [`${name} is missing`]
    return found[name] === files[name] ? [] : [`${name} is another`]
  })
}

/**
 * What is wrong with how a command ended: it hung, or failed with anything but one line of the project's own.
 * @param allowed exit statuses
 */
export function faultOf(
  { status, signal, stderr, isLate }: Ended & { readonly isLate: boolean },
  allowed: readonly number[],
): string | undefined {
  if (isLate) return `hung: ${stderr.slice(-300)}`
  if (status === null || !allowed.includes(status)) return `ended with ${status ?? signal}: ${stderr.slice(-600)}`
  if (status === 0) return undefined
  const lines = stderr.split('\n').filter((line) => line.startsWith('shiftscope: '))
  if (lines.length !== 1) return `said ${lines.length} lines: ${stderr.slice(-600)}`
  return /\(unexpected;|^ {4}at /m.test(stderr) ? `said ${stderr.slice(-600)}` : undefined
}
