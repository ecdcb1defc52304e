import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writingCommands } from './commands.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { differences, faultOf, openReferences, runIn } from './outcome.js'

const inFolder = temporaryFolder()

it(
  'processes at once in one folder, some of them killed: the files of one',
  async () => {
    const folder = inFolder()

    // Two extractions cannot share a folder, which they say; nor is anything else made to be run twice at once but these.
    const shared = /^(reproduce|report|models|patches)/
    const commands = (await writingCommands(join(folder, 'inputs'))).filter(({ name }) => shared.test(name))
    const referenceFor = openReferences(folder)
    const findings = await campaign('together', 1, async (random, ledger, number) => {
      const command = random.pick(commands)
      const out = join(folder, `round-${number}`)
      const reference = await referenceFor(command)
      await command.before?.(out)
      const count = 2 + random.below(3)
      const moment = () => (random.below(1000) / 700) * reference.milliseconds
      const plans = Array.from({ length: count }, () => ({
        wait: random.below(300),
        killAfter: random.chance(0.4) ? moment() : undefined,
      }))
      const ended = await Promise.all(
        plans.map(async ({ wait, killAfter }) => {
          await setTimeout(wait)
          return runIn(out, command, killAfter === undefined ? {} : { killAfter })
        }),
      )
      for (const one of ended) {
        const isKilled = one.signal === 'SIGKILL' && !one.isLate
        ledger.count(`${command.name}, ${count} at once`, isKilled ? 'killed' : 'ended')
        const fault = isKilled ? undefined : faultOf(one, [0])
        if (fault !== undefined) ledger.find(`${command.name} ${fault}`)
      }
      // Where all were killed, the next one goes on.
      const fault = faultOf(await runIn(out, command), [0])
      if (fault !== undefined) ledger.find(`${command.name} ${fault}`)
      for (const line of await differences(out, command, reference)) ledger.find(`${command.name}: ${line}`)
      await rm(out, { recursive: true, force: true })
    })
    expect(findings).toEqual([])
  },
  CAMPAIGN_TIMEOUT,
)
