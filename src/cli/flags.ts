import type { Command } from 'commander'

/** Flags without their dashes: of the command that runs, and of all of them. */
let own: ReadonlySet<string> = new Set()
let all: ReadonlySet<string> = new Set()

/** Whose flags `asFlags` writes: those of the command that runs come first. */
export function knowFlags(running: Command, commands: readonly Command[]): void {
  own = flagsOf([running])
  all = flagsOf(commands)
}

function flagsOf(commands: readonly Command[]): ReadonlySet<string> {
  return new Set(commands.flatMap(({ options }) => options.flatMap(({ long }) => long?.slice(2) ?? [])))
}

/**
 * A message of the library, which names options as scripts write them, `keepFeatures` or `device cpu`, with the flags of the
 * command line in their place; some flags are singular, since they may be repeated. What is no option stays as it is.
 */
export function asFlags(message: string): string {
  return message.replace(/`([A-Za-z]+)((?: [^`]*)?)`/g, (text, name: string, value: string) => {
    const flag = name.length === 1 ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const forms = [flag, flag.replace(/s$/, '')]
    const known = forms.find((form) => own.has(form)) ?? forms.find((form) => all.has(form))
    return known === undefined ? text : `--${known}${value}`
  })
}
