import { Command, CommanderError } from 'commander'
import { ShiftscopeError, wordingOf } from '../errors.js'
import { packageVersion } from '../files/package.js'
import { messageLine } from '../messageLine.js'
import { checkCurrentFolder } from '../support/currentFolder.js'
import { resourceError } from '../support/machine.js'
import { nearestNames } from '../support/text.js'
import { cannotStart, isOfLoading } from './cannotStart.js'
import { arithmeticCommand } from './commands/arithmetic.js'
import { benchCommand } from './commands/bench.js'
import { compareCommand } from './commands/compare.js'
import { completionCommand } from './commands/completion.js'
import { consistencyCommand } from './commands/consistency.js'
import { doctorCommand } from './commands/doctor.js'
import { exploreCommand } from './commands/explore.js'
import { extractCommand } from './commands/extract.js'
import { modelsCommand } from './commands/models.js'
import { patchesCommand } from './commands/patches.js'
import { reportCommand } from './commands/report.js'
import { reproduceCommand } from './commands/reproduce.js'
import { separabilityCommand } from './commands/separability.js'
import { similarityCommand } from './commands/similarity.js'
import { statusCommand } from './commands/status.js'
import { submitCommand } from './commands/submit.js'
import { viewCommand } from './commands/view.js'
import { addExamples, describeOption } from './options/help.js'
import { asFlags, knowFlags } from './output/flags.js'
import { sayError } from './output/output.js'
import type { CommandContext } from './process/context.js'

const LISTS_AND_STATUSES = `
Lists: commas separate values. Write \\, for a comma in a value.

Exit status: 0 done, 2 wrong usage, 3 missing or corrupt input, 4 unusable
device, 5 worse than a limit, 130 interrupted, 141 output closed, 143
terminated, 1 any other error.`

/** @returns the exit status */
export async function runProgram(context: CommandContext): Promise<number> {
  try {
    await programWith(context).parseAsync()
    return 0
  } catch (error) {
    // Commands load their modules when they run, so loading can still fail here.
    if (isOfLoading(error)) cannotStart(error)
    return printError(error)
  }
}

export function programWith(context: CommandContext): Command {
  const program = addExamples(new Command('shiftscope'), 'shiftscope reproduce', 'shiftscope explore')
    .description('measure and show how a network’s features change when an object moves')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText('after', LISTS_AND_STATUSES)
  const commands = [
    reproduceCommand(context),
    extractCommand(context),
    similarityCommand(context),
    separabilityCommand(context),
    consistencyCommand(context),
    compareCommand(context),
    viewCommand(context),
    exploreCommand(context),
    arithmeticCommand(context),
    reportCommand(context),
    statusCommand(context),
    submitCommand(context),
    modelsCommand(context),
    patchesCommand(context),
    benchCommand(context),
    doctorCommand(),
    completionCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of allCommands(program)) {
    if (command.commands.length > 0) command.helpCommand('help [command]', 'show the help of a command')
    requireAfterParsing(command)
    command.hook('preAction', (_, running) => {
      checkCurrentFolder()
      knowFlags(running, allCommands(program))
      // Removes the options that all commands have, because the library's functions would refuse them as unknown.
      for (const name of ['verbose', 'quiet', 'color']) running.setOptionValue(name, undefined)
    })
    command
      .option('--verbose', 'show the stack trace of an error')
      .option('--quiet', 'print neither progress nor notes')
      .option('--no-color', 'print without colours')
      .helpOption('-h, --help', 'show this help')
      .configureHelp({ optionDescription: describeOption, subcommandTerm: (one) => one.name() })
      .exitOverride()
      .configureOutput({
        outputError: (text, write) => {
          const line = text
            .trim()
            .replace(/^error: /, 'shiftscope: ')
            .replace(/\n(?=\(Did you mean)/, ' ')
          write(`${messageLine(`${line}${nearestCommands(command, line)}`)}\n`)
        },
      })
  }
  return program
}

/** @returns the exit status */
export function printError(thrown: unknown): number {
  const error = resourceError(thrown) ?? thrown
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const verbose = process.argv.includes('--verbose')
  const known = error instanceof ShiftscopeError
  // Messages of several lines come from libraries. Their first line states the cause.
  const text =
    verbose && error instanceof Error ? fullStack(error) : messageLine(asFlags(wordingOf(error)).split('\n')[0]!)
  const lines = `shiftscope: ${text}${known || verbose ? '' : ' (unexpected; --verbose shows where)'}`.split('\n')
  lines.forEach(sayError)
  return known ? error.exitStatus : 1
}

function fullStack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${fullStack(error.cause)}` : ''
  const stack = (error.stack ?? error.message).replace(error.message, () => messageLine(asFlags(wordingOf(error))))
  return `${stack}${cause}`
}

/**
 * Checks required options after parsing. Commander itself would report a missing option before an unknown one, although
 * the unknown option may be a misspelling of the missing one.
 */
function requireAfterParsing(command: Command): void {
  const required = command.options.filter(({ mandatory }) => mandatory)
  if (required.length === 0) return
  for (const option of required) option.makeOptionMandatory(false)
  command.usage(`${required.map(({ flags }) => flags).join(' ')} ${command.usage()}`)
  command.hook('preAction', () => {
    const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined)
    if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`)
  })
}

/** Suggests similar commands, because Commander itself only suggests names that differ in very few letters. */
function nearestCommands({ commands }: Command, line: string): string {
  const [, unknown] = /: unknown command '(.*)'$/s.exec(line) ?? []
  if (unknown === undefined) return ''
  const names = commands.map((command) => command.name())
  return ` (most similar: ${nearestNames(unknown, names, 3).join(', ')})`
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}
