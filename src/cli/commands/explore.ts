import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { userInfo } from 'node:os'
import { Command } from 'commander'
import { InterruptedError } from '../../errors.js'
import type { ExploreOptions } from '../../explore/explore.js'
import { addDeviceOptions, addOutputOptions, addPoolOption } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import { parseList, parseNatural, parsePath } from '../options/parse.js'
import { sayAddress } from '../output/openPage.js'
import { say } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

export function exploreCommand({ signal }: CommandContext): Command {
  const command = addExamples(new Command('explore'), 'shiftscope explore --models tiny-alexnet,tiny-alexnet-aa')
    .description('open a local page on which you move your own object and see results live')
    .argument('[results]', 'folder for results that you keep [default: shiftscope-explore]', parsePath)
    .option('--port <n>', 'listen on this port [default: any free one]', parseNatural)
    .option('--host <address>', 'listen on this address; anyone with the link can use the page, unencrypted')
    .option('--models <a,b>', 'offer these, [NAME=]id or file [default: all with weights here]', parseList)
    .option('--photographs <path>', 'offer these whole photographs, at most 32: folder or list', parsePath)
    .option('--mirror <where>', 'download weights from this address, or take them from this folder', parsePath)
    .option('--no-open', 'only print the address; do not open the browser')
  return addDeviceOptions(addOutputOptions(addPoolOption(command))).action(
    async (results: string | undefined, { open, ...options }: ExploreOptions & { open: boolean }) => {
      const { explore } = await import('../../explore/explore.js')
      await using page = await explore({
        ...options,
        ...(results !== undefined && { results }),
        onProgress: terminalProgress(),
        signal,
      })
      const { address, host, port, isLocal } = page
      if (!isLocal)
        say(
          'other machines can reach this page; anyone with its address can use it, and the connection is not encrypted',
        )
      await sayAddress(address, { open })
      const tunnel = isLocal ? tunnelCommand(process.env, host, port) : undefined
      if (tunnel !== undefined) say(`to open the page on your own machine, run this command there: ${tunnel}`)
      say('press Ctrl-C to stop')
      if (!signal.aborted) await once(signal, 'abort')
      const reason: unknown = signal.reason
      const exitStatus = reason instanceof InterruptedError ? reason.exitStatus : 130
      throw new InterruptedError('the page is closed, and everything that you kept is saved', { exitStatus })
    },
  )
}

/** The ssh command that makes the page reachable from the user's own machine; undefined without an ssh login. */
export function tunnelCommand({ SSH_CONNECTION }: NodeJS.ProcessEnv, host: string, port: number): string | undefined {
  const [, , server] = SSH_CONNECTION?.split(' ') ?? []
  if (server === undefined) return undefined
  return `ssh -L ${port}:${isIPv6(host) ? `[${host}]` : host}:${port} ${userInfo().username}@${server}`
}
