import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { print, say } from './output.js'

export interface PageFlags {
  readonly open?: boolean | undefined
  /** Whether the command prints a JSON document to stdout. If so, it does not print the page's path there. */
  readonly json?: boolean | undefined
}

export function addOpenOption(command: Command): Command {
  return command.addOption(new Option('--open', 'open the page in the browser'))
}

/**
 * The browser counts as open if the program that starts it has not failed after this many milliseconds. That program
 * may run as long as the browser does, so its exit status may come too late.
 */
const START = 2000

/** Prints the path of a page, or opens the page in the browser. If no browser can be opened, it prints a note. */
export async function sayPage(page: string, { open = false, json = false }: PageFlags): Promise<void> {
  if (!open) {
    if (!json) print(`open ${page}`)
    return
  }
  if (!hasDisplay(process.env, process.platform)) return say(`there is no display for a browser here; open ${page}`)
  const isStarted = await startBrowser(resolve(page)).catch(() => false)
  say(isStarted ? `opening ${page} in the browser` : `no browser could be started here; open ${page}`)
}

/** Like `sayPage`, for the page of a running server. It always prints the address. */
export async function sayAddress(address: string, { open }: Required<Pick<PageFlags, 'open'>>): Promise<void> {
  print(`open ${address}`)
  if (!open) return
  if (!hasDisplay(process.env, process.platform)) return say('there is no display for a browser here')
  const isStarted = await startBrowser(address).catch(() => false)
  say(isStarted ? 'opening it in the browser' : 'no browser could be started here')
}

/** Whether a user would see a browser. False in CI, and in an ssh session without a display. */
export function hasDisplay(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  const { CI, DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION, WSL_DISTRO_NAME } = env
  if (CI && CI !== 'false') return false
  if (DISPLAY || WAYLAND_DISPLAY) return true
  return !SSH_CONNECTION && (platform === 'win32' || platform === 'darwin' || Boolean(WSL_DISTRO_NAME))
}

/** @returns whether the browser was started, as far as that can be known */
async function startBrowser(target: string): Promise<boolean> {
  const { default: open } = await import('open')
  const starter = await open(target)
  return new Promise((answer) => {
    const timer = setTimeout(() => answer(true), START)
    const ended = (status: number | null) => {
      clearTimeout(timer)
      answer(status === 0)
    }
    if (starter.exitCode !== null) return ended(starter.exitCode)
    starter.once('exit', ended)
    starter.once('error', () => ended(null))
  })
}
