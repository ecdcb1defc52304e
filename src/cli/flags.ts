import type { Command } from 'commander'

/** Flags without their dashes: `own` of the running command, `all` of all commands. */
let own: ReadonlySet<string> = new Set()
let all: ReadonlySet<string> = new Set()

/** Tells `asFlags` the flags of the running command and of all commands. */
export function knowFlags(running: Command, commands: readonly Command[]): void {
  own = flagsOf([running])
  all = flagsOf(commands)
}

function flagsOf(commands: readonly Command[]): ReadonlySet<string> {
  return new Set(commands.flatMap(({ options }) => options.flatMap(({ long }) => long?.slice(2) ?? [])))
}

/** An option with its value in a message, such as `device cpu`. */
const OPTION = /`([A-Za-z]+)((?: [^`]*)?)`/g
const LAST_ALTERNATIVE = /, or (?!.*, or )[^;]*$/s

/**
 * Replaces options in a message of the library by flags: `device cpu` in backticks becomes --device cpu. The flag of an
 * option such as `generators` may be singular (--generator). If the message ends with ", or …" and names an option
 * there that only other commands have, this part is removed.
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

/** Possible flags for an option: as it is, singular and plural. */
function formsOf(name: string): readonly string[] {
  const flag = name.length === 1 ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return [flag, flag.replace(/s$/, ''), `${flag}s`]
}
