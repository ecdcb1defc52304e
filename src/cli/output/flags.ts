import type { Command } from 'commander'
import { flagOf, OPTION } from '../../support/text.js'

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

const LAST_ALTERNATIVE = /, or (?!.*, or )[^;]*$/s

/**
 * Rewrites a message of the library for the command line: the option `device cpu` in backticks becomes --device cpu. If
 * the command has no flag --generators, `generators` becomes --generator. If the message ends with an alternative
 * (", or …") whose option only other commands have, the alternative is removed.
 */
export function asFlags(message: string): string {
  return message
    .replace(LAST_ALTERNATIVE, (clause) => (isForeign(clause) ? '' : clause))
    .replace(OPTION, (text, name: string, value: string) => {
      const flag = formsOf(name).find((form) => own.has(form))
      return flag === undefined ? text : `--${flag}${value}`
    })
}

function isForeign(clause: string): boolean {
  return [...clause.matchAll(OPTION)]
    .map(([, name = '']) => formsOf(name))
    .some((forms) => forms.some((form) => all.has(form)) && !forms.some((form) => own.has(form)))
}

/** Flags that may stand for an option: its name in kebab case, then without a final s, then with an s added. */
function formsOf(name: string): readonly string[] {
  const flag = flagOf(name).slice(2)
  return [flag, flag.replace(/s$/, ''), `${flag}s`]
}
