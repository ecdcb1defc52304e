import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { programWith } from '../../src/cli/program.js'
import { makeFolder } from './temporaryFolder.js'

/**
 * Replaces all programs, so that nothing runs. Calls of this project's commands are recorded, each in a single write.
 */
const NOTHING_RUNS = `
note() { local IFS=$'\\x1f'; printf '%s\\x1e' "$*" >&3; }
shiftscope() { note shiftscope "$@"; }
node() { note node "$@"; }
npm() { note npm "$@"; }
npx() { [ "$1" != shiftscope ] || "$@"; }
ssh() { shift; eval "$*"; }
parallel() { eval "\${@: -1}"; }
cd() { :; }
bash() { :; }
command_not_found_handle() { :; }
PATH=/nowhere
`

/** Runs a script with these arguments, also where the user's locale is not installed. */
export function runBash(script: string, words: readonly string[] = [], folder = '.') {
  return spawnSync('/bin/bash', ['-c', script, ...words], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
}

/** Commands of shiftscope, npm and node in a script, divided into words by a shell. None of them runs. */
export function commandsOf(script: string): readonly (readonly string[])[] {
  const folder = makeFolder()
  try {
    const { output, stderr } = runBash(`${NOTHING_RUNS}\n${script}\nwait`, [], folder)
    if (stderr !== '') throw new Error(stderr)
    const commands = (output[3] ?? '').split('\x1e').slice(0, -1)
    return commands.map((words) => words.split('\x1f'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A command's subcommands, theirs, and so on. */
export function subcommandsOf({ commands }: Command): readonly Command[] {
  return commands.flatMap((one) => [one, ...subcommandsOf(one)])
}

/** Error of the command line about these arguments; undefined if it would run them. */
export async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  const program = programWith({ signal: new AbortController().signal })
  let said = ''
  const say = (text: string) => {
    said += text
  }
  for (const command of [program, ...subcommandsOf(program)]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: say, outputError: say })
    if (command.commands.length === 0) command.action(() => undefined)
  }
  try {
    await program.parseAsync(words, { from: 'user' })
    return undefined
  } catch (error) {
    return (error as { exitCode?: number }).exitCode === 0 ? undefined : said || String(error)
  }
}
