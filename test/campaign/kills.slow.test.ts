import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writingCommands } from './commands.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { differences, faultOf, openReferences, runIn } from './outcome.js'

const inFolder = temporaryFolder()

it(
  'whatever is killed, whenever: the same command goes on to the same files, and leaves nothing else',
  async () => {
    const folder = inFolder()

    const commands = await writingCommands(join(folder, 'inputs'))
    const referenceFor = openReferences(folder)
    const findings = await campaign('kills', 2, async (random, ledger, number) => {
      const command = random.pick(commands)
      const out = join(folder, `round-${number}`)
      const reference = await referenceFor(command)
      for (let kills = 1 + random.below(3); kills > 0; kills--) {
        const { status, signal, stderr } = await runIn(out, command, {
          killAfter: (random.below(1000) / 950) * reference.milliseconds,
        })
        ledger.count(command.name, signal === 'SIGKILL' ? 'killed' : 'had ended before')
        if (signal !== 'SIGKILL' && status !== 0)
          ledger.find(`${command.name} ended with ${status}: ${stderr.slice(-600)}`)
      }
      const fault = faultOf(await runIn(out, command), [0])
      if (fault !== undefined) ledger.find(`${command.name} ${fault}`)
      for (const line of await differences(out, command, reference)) ledger.find(`${command.name}: ${line}`)
      await rm(out, { recursive: true, force: true })
    })
    expect(findings).toEqual([])
  },
  CAMPAIGN_TIMEOUT,
)
