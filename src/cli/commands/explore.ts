import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { userInfo } from 'node:os'
import { Command } from 'commander'
import { InterruptedError } from '../../errors.js'
import { type ExploreOptions, explore } from '../../explore/explore.js'
import type { CommandContext } from '../context.js'
import { addDeviceOptions, addPoolOption } from '../extractionOptions.js'
import { sayAddress } from '../openPage.js'
import { say } from '../output.js'
import { parseList, parseNatural, parsePath } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

export function exploreCommand({ signal }: CommandContext): Command {
  const command = new Command('explore')
    .description('a local page on which your own object is moved live, through any network of this machine')
    .argument('[results]', 'results folder for what is kept; shiftscope-results by default', parsePath)
    .option('--port <n>', 'port of this machine; any that is free by default', parseNatural)
    .option(
      '--host <address>',
      'also for other machines, by this address of yours; whoever has the link can then use the page, and what goes over the network can be read',
    )
    .option(
      '--models <a,b>',
      'networks by id, ONNX files, or checkpoints; the first two open side by side [all that are here]',
      parseList,
    )
    .option('--mirror <where>', 'address or folder from which the page fetches weights', parsePath)
    .option('--no-open', 'only print the address')
  return addDeviceOptions(addPoolOption(command)).action(
    async (results: string | undefined, { open, ...options }: ExploreOptions & { open: boolean }) => {
      await using page = await explore({
        ...options,
        ...(results !== undefined && { results }),
        onProgress: terminalProgress(),
        signal,
      })
      const { address, host, port, isLocal } = page
      if (!isLocal)
        say(
          `other machines may reach this page; whoever has its address can use it, and the way there is not encrypted`,
        )
      await sayAddress(address, { open })
      const tunnel = isLocal ? tunnelCommand(process.env, host, port) : undefined
      if (tunnel !== undefined) say(`from the machine that you sit at: ${tunnel}; then open the address there`)
      say('Ctrl-C ends it')
      if (!signal.aborted) await once(signal, 'abort')
      const reason: unknown = signal.reason
      const exitStatus = reason instanceof InterruptedError ? reason.exitStatus : 130
      throw new InterruptedError('the page has ended; what was kept is kept', { exitStatus })
    },
  )
}

/** What brings the page to whoever is here over ssh. */
export function tunnelCommand({ SSH_CONNECTION }: NodeJS.ProcessEnv, host: string, port: number): string | undefined {
  const [, , server] = SSH_CONNECTION?.split(' ') ?? []
  if (server === undefined) return undefined
  return `ssh -L ${port}:${isIPv6(host) ? `[${host}]` : host}:${port} ${userInfo().username}@${server}`
}
