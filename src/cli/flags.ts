import type { Command } from 'commander'

/** Flags without their dashes: of the command that runs, and of all of them. */
let own: ReadonlySet<string> = new Set()
let all: ReadonlySet<string> = new Set()

/** Whose flags `asFlags` writes, and which others there are. */
export function knowFlags(running: Command, commands: readonly Command[]): void {
  own = flagsOf([running])
  all = flagsOf(commands)
}

function flagsOf(commands: readonly Command[]): ReadonlySet<string> {
  return new Set(commands.flatMap(({ options }) => options.flatMap(({ long }) => long?.slice(2) ?? [])))
}

/** An option, and what it is given. */
const OPTION = /`([A-Za-z]+)((?: [^`]*)?)`/g
const LAST_ALTERNATIVE = /, or (?!.*, or )[^;]*$/s

/**
 * A message of the library, which names options as scripts write them, `keepFeatures` or `device cpu`, with the flags of the
 * command line in their place, some of which are singular, since they may be repeated. A last alternative that takes a flag
 * of other commands is left out. What is no option stays as it is.
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

/** How a flag may spell an option. */
function formsOf(name: string): readonly string[] {
  const flag = name.length === 1 ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return [flag, flag.replace(/s$/, ''), `${flag}s`]
}
