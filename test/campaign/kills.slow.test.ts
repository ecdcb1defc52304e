import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writingCommands } from './commands.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { differences, faultOf, openReferences, runIn } from './outcome.js'

const inFolder = temporaryFolder()

/** Two extractions cannot share a folder, which they say; nor is anything else made to be run twice at once but these. */
const SHARED = /^(reproduce|report|models|patches)/

it(
  'whatever is killed, whenever, alone or beside others: the next goes on to the same files, and leaves nothing else',
  async () => {
    const folder = inFolder()
    const commands = await writingCommands(join(folder, 'inputs'))
    const referenceFor = openReferences(folder)
    const findings = await campaign('kills', 3, async (random, ledger, number) => {
      const command = random.pick(commands)
      const out = join(folder, `round-${number}`)
      const reference = await referenceFor(command)
      await command.before?.(out)
      const atOnce = SHARED.test(command.name) ? 1 + random.below(4) : 1
      const find = (fault: string | undefined) => fault !== undefined && ledger.find(`${command.name} ${fault}`)
      // Alone, it is killed up to three times; of several, about half are.
      for (let times = atOnce === 1 ? 1 + random.below(3) : 1; times > 0; times--) {
        const plans = Array.from({ length: atOnce }, () => ({
          wait: atOnce === 1 ? 0 : random.below(300),
          killAfter: (random.below(1000) / 800) * reference.milliseconds,
          isKilled: atOnce === 1 || random.chance(0.5),
        }))
        const ended = await Promise.all(
          plans.map(async ({ wait, killAfter, isKilled }) => {
            await setTimeout(wait)
            return runIn(out, command, isKilled ? { killAfter } : {})
          }),
        )
        for (const one of ended) {
          const isKilled = one.signal === 'SIGKILL' && !one.isLate
          ledger.count(`${command.name}, ${atOnce} at once`, isKilled ? 'killed' : 'ended')
          if (!isKilled) find(faultOf(one, [0]))
        }
      }
      find(faultOf(await runIn(out, command), [0]))
      for (const line of await differences(out, command, reference)) find(`: ${line}`)
      await rm(out, { recursive: true, force: true })
    })
    expect(findings).toEqual([])
  },
  CAMPAIGN_TIMEOUT,
)
