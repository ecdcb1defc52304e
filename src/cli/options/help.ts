import type { Command, Option } from 'commander'
import { terminalColumns } from '../output/output.js'

/** Adds examples to the end of a command's help. Each example must run exactly as it is printed. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.length > 1 ? 'Examples' : 'Example'
  const shown = () => lines.map((line) => commandLines(line).join(' \\\n')).join('\n')
  return command.addHelpText('after', () => `\n${heading}:\n${shown()}`)
}

/** A command, broken before options as a POSIX shell reads it. Shells of Windows have no common way. */
function commandLines(command: string): readonly string[] {
  const lines = [' ']
  for (const words of command.split(/ (?=--)/)) {
    const longer = `${lines.at(-1)} ${words}`
    if (lines.at(-1) === ' ' || process.platform === 'win32' || longer.length + 2 <= terminalColumns())
      lines[lines.length - 1] = longer
    else lines.push(`      ${words}`)
  }
  return lines
}

/** The text of an option in the help, such as `draw object edges [hard, soft; default: hard]`. */
export function describeOption(option: Option): string {
  const { argChoices = [], defaultValue, defaultValueDescription } = option
  const hasDefault = defaultValue !== undefined && !option.isBoolean() && !option.negate
  const notes = [argChoices.join(', '), hasDefault ? `default: ${defaultValueDescription ?? defaultValue}` : ''].filter(
    (note) => note !== '',
  )
  return notes.length === 0 ? option.description : `${option.description} [${notes.join('; ')}]`
}
