/**
 * Writes the help of each command into docs/commands.md:
 *
 *   npm run build && node docs/make_commands.mjs     # with --check, only report whether it is up to date
 */
import { programWith } from '../dist/cli/program.js'
import { writePage } from './written.mjs'

const program = programWith({ signal: new AbortController().signal })
program.configureOutput({ getOutHelpWidth: () => 100, getOutHasColors: () => false })

writePage(new URL('commands.md', import.meta.url), { 'the program': { commands } }, [], 'make_commands.mjs')

/** A section for each command that has no subcommands. */
function commands() {
  return leaves(program)
    .map(({ name, command }) => `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``)
    .join('\n\n')
}

function leaves(command, names = []) {
  return command.commands.flatMap((child) => {
    const path = [...names, child.name()]
    return child.commands.length > 0 ? leaves(child, path) : [{ name: path.join(' '), command: child }]
  })
}

function helpOf(command) {
  command.copyInheritedSettings(program)
  return command.helpInformation().trimEnd()
}
