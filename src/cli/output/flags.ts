import type { Command } from 'commander'
import { ALTERNATIVE, CLAUSE, type Part, partsUntil, type Wording } from '../../message.js'
import { flagOf } from '../../support/text.js'

/** Names of flags, without dashes: `own` are those of the running command, `all` those of all commands. */
let own: ReadonlySet<string> = new Set()
let all: ReadonlySet<string> = new Set()

export function knowFlags(running: Command, commands: readonly Command[]): void {
  own = flagsOf([running])
  all = flagsOf(commands)
}

function flagsOf(commands: readonly Command[]): ReadonlySet<string> {
  return new Set(commands.flatMap(({ options }) => options.flatMap(({ long }) => long?.slice(2) ?? [])))
}

/**
 * A message in the words of the command line: the option `device cpu` is --device cpu. If the command has no flag
 * --generators, `generators` is --generator. An alternative whose option only other commands have is left out.
 */
export function asFlags(text: Wording): string {
  if (typeof text === 'string') return text
  const clauses = partsUntil(CLAUSE, text.parts).map((clause) =>
    partsUntil(ALTERNATIVE, clause)
      .filter((alternative, i) => i === 0 || !alternative.some(isForeign))
      .map((alternative) => alternative.map(flagText).join(''))
      .join(ALTERNATIVE),
  )
  return clauses.join(CLAUSE)
}

function flagText(part: Part): string {
  if (typeof part === 'string') return part
  const { library, option } = part
  const flag = option && formsOf(option.name).find((form) => own.has(form))
  if (option === undefined || flag === undefined) return library
  return `--${flag}${option.value}`
}

function isForeign(part: Part): boolean {
  if (typeof part === 'string' || part.option === undefined) return false
  const forms = formsOf(part.option.name)
  return forms.some((form) => all.has(form)) && !forms.some((form) => own.has(form))
}

/** Flags that may stand for an option: its name in kebab case, then without a final s, then with an s added. */
function formsOf(name: string): readonly string[] {
  const flag = flagOf(name).slice(2)
  return [flag, flag.replace(/s$/, ''), `${flag}s`]
}
