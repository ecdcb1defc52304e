import type { Command, Option } from 'commander'

/** Adds examples to the end of a command's help. Each example must run exactly as it is printed. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.length > 1 ? 'Examples' : 'Example'
  return command.addHelpText('after', `\n${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
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
