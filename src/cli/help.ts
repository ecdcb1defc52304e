import type { Command, Option } from 'commander'

/** Adds examples to the end of a command's help. They must run exactly as printed. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.length > 1 ? 'Examples' : 'Example'
  return command.addHelpText('after', `\n${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/** An option's help: what it does, then its values and its default in brackets. */
export function describeOption(option: Option): string {
  const { argChoices = [], defaultValue, defaultValueDescription } = option
  const hasDefault = defaultValue !== undefined && !option.isBoolean() && !option.negate
  const notes = [argChoices.join(', '), hasDefault ? `default: ${defaultValueDescription ?? defaultValue}` : ''].filter(
    (note) => note !== '',
  )
  return notes.length === 0 ? option.description : `${option.description} [${notes.join('; ')}]`
}
