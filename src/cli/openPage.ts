import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { print, say } from './output.js'

/** Flags of the commands that write a page. */
export interface PageFlags {
  /** Show it in the browser. */
  readonly open?: boolean | undefined
  /** Whether stdout carries a document. The user then hears of the page only if it was to be opened. */
  readonly json?: boolean | undefined
}

export function addOpenOption(command: Command): Command {
  return command.addOption(new Option('--open', 'open the page in the browser'))
}

/** Milliseconds within which the program that starts the browser fails if it cannot. It may also run as long as the browser. */
const START = 2000

/** Prints the path of a page, or opens it in the browser. If there is no browser, it says so; that is no error. */
export async function sayPage(page: string, { open = false, json = false }: PageFlags): Promise<void> {
  if (!open) {
    if (!json) print(`open ${page}`)
    return
  }
  if (!hasDisplay(process.env, process.platform)) return say(`there is no display for a browser here; open ${page}`)
  const isStarted = await startBrowser(resolve(page)).catch(() => false)
  say(isStarted ? `opening ${page} in the browser` : `no browser could be started here; open ${page}`)
}

/** As `sayPage`, for the page of a running server, whose address is always printed. */
export async function sayAddress(address: string, { open }: Required<Pick<PageFlags, 'open'>>): Promise<void> {
  print(`open ${address}`)
  if (!open) return
  if (!hasDisplay(process.env, process.platform)) return say('there is no display for a browser here')
  const isStarted = await startBrowser(address).catch(() => false)
  say(isStarted ? 'opening it in the browser' : 'no browser could be started here')
}

/** Whether somebody would see a browser: not in CI, nor on a machine that is reached over ssh without a display. */
export function hasDisplay(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  const { CI, DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION, WSL_DISTRO_NAME } = env
  if (CI && CI !== 'false') return false
  if (DISPLAY || WAYLAND_DISPLAY) return true
  return !SSH_CONNECTION && (platform === 'win32' || platform === 'darwin' || Boolean(WSL_DISTRO_NAME))
}

/** @returns whether it was started, as far as can be seen */
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
