import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'
import { writingCommands } from './commands.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { differences, faultOf, openReferences, runIn } from './outcome.js'

const inFolder = temporaryFolder()

it(
  'a disk that is full is said in a line; with room the same command goes on to the same files',
  async (context) => {
    const folder = inFolder()
    const disk = join(folder, 'disk')
    const canMount = await onTmpfs(disk, 'size=1m', async () => undefined)
    context.skip(!canMount, 'a small file system can be mounted by root on Linux alone')

    const commands = await writingCommands(join(folder, 'inputs'))
    const referenceFor = openReferences(folder)
    const findings = await campaign('full disk', 1, async (random, ledger) => {
      const command = random.pick(commands)
      const reference = await referenceFor(command)
      const bytes = Object.values(reference.files).reduce((sum, text) => sum + text.length * 0.75, 0)
      const size = 4096 * (8 + Math.ceil(((random.below(1000) / 900) * bytes) / 4096))
      const isMounted = await onTmpfs(disk, `size=${size}`, async () => {
        const out = join(disk, 'round')
        // What lies there before it begins takes room too: half of it is no results folder.
        const hasInput = await (command.before?.(out) ?? Promise.resolve()).then(
          () => true,
          () => false,
        )
        if (!hasInput) return ledger.count(command.name, 'had no room before')
        const ended = await runIn(out, command)
        ledger.count(command.name, ended.status === 0 ? 'had room' : 'had no room')
        const fault = faultOf(ended, [0, 1])
        if (fault !== undefined) ledger.find(`${command.name} with ${size} bytes ${fault}`)
        spawnSync('mount', ['-o', 'remount,size=2g', disk])
        if (command.before) await command.before(out)
        const again = faultOf(await runIn(out, command), [0])
        if (again !== undefined) ledger.find(`${command.name} with room again ${again}`)
        for (const line of await differences(out, command, reference)) ledger.find(`${command.name}: ${line}`)
      })
      if (!isMounted) throw new Error('cannot mount')
    })
    expect(findings).toEqual([])
  },
  CAMPAIGN_TIMEOUT,
)
