import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writingCommands } from './commands.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { differences, faultOf, openReferences, runIn } from './outcome.js'

const inFolder = temporaryFolder()

const mount = (...words: string[]) => spawnSync('mount', words).status === 0
const unmount = (place: string) => spawnSync('umount', [place]).status === 0

/** Whether file systems may be mounted here, which needs root. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mountOnce()

function mountOnce(): boolean {
  const made = spawnSync('mktemp', ['-d']).stdout.toString().trim()
  const isMounted = mount('-t', 'tmpfs', '-o', 'size=1m', 'none', made)
  if (isMounted) unmount(made)
  spawnSync('rmdir', [made])
  return isMounted
}

const WHY = canMount ? '' : ' (skipped: a small file system can be mounted by root on Linux alone)'

describe.skipIf(!canMount)(`a disk that is full${WHY}`, () => {
  it(
    'is said in a line; with room the same command goes on to the same files',
    async () => {
      const folder = inFolder()
      const disk = join(folder, 'disk')
      await mkdir(disk)

      const commands = await writingCommands(join(folder, 'inputs'))
      const referenceFor = openReferences(folder)
      const findings = await campaign('full disk', 1, async (random, ledger) => {
        const command = random.pick(commands)
        const reference = await referenceFor(command)
        const bytes = Object.values(reference.files).reduce((sum, text) => sum + text.length * 0.75, 0)
        const size = 4096 * (8 + Math.ceil(((random.below(1000) / 900) * bytes) / 4096))
        if (!mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', disk)) throw new Error('cannot mount')
        try {
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
          mount('-o', 'remount,size=2g', disk)
          if (command.before) await command.before(out)
          const again = faultOf(await runIn(out, command), [0])
          if (again !== undefined) ledger.find(`${command.name} with room again ${again}`)
          for (const line of await differences(out, command, reference)) ledger.find(`${command.name}: ${line}`)
        } finally {
          unmount(disk)
        }
      })
      expect(findings).toEqual([])
    },
    CAMPAIGN_TIMEOUT,
  )
})
