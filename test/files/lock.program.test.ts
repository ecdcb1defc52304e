import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { recordOf } from '../../src/files/lockFile.js'
import { thisOwner } from '../../src/files/owner.js'
import { workerFile } from '../../src/files/package.js'
import { leftOut } from '../support/leftOut.js'
import { randomOf } from '../support/random.js'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const LOCKING = `import { openLocks } from ${JSON.stringify(workerFile('files/lock.js'))}
for (;;) {
  const locks = openLocks(process.argv[1])
  for (const name of ['a', 'b']) if (await locks.take(name)) await locks.release(name)
  await locks.close()
  process.stdout.write('.')
}`

const seed = Number(process.env.SHIFTSCOPE_KILL_SEED ?? Date.now() % 1_000_000)
const rounds = Array.from({ length: randomCases(1) }, (_, i) => ({ seed, round: i + 1 }))
it.each(rounds)('locks of three killed processes stop nobody, seed $seed, round $round', async ({ round }) => {
  const random = randomOf(seed, 'kills', round)
  const ended = Array.from({ length: 3 }, async () => {
    const args = ['--input-type=module', '--eval', LOCKING, inFolder()]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await setTimeout(random.below(100))
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  await Promise.all(ended)
  const next = openLocks(inFolder())
  for (const name of ['a', 'b']) expect(await next.take(name)).toBe(true)
  await next.close()
  expect(existsSync(inFolder('.locks')) ? readdirSync(inFolder('.locks')) : []).toEqual([])
})

it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))(
  'locks of a process that has ended and was not asked for are free',
  async () => {
    const locks = openLocks(inFolder())
    expect(await locks.take('mine')).toBe(true)
    // The shell never waits for its child, since it becomes another program.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = Number(await new Promise((found) => parent.stdout.once('data', found)))
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    await expect.poll(() => stat()[0]).toBe('Z')
    const owner = { ...thisOwner(), pid, started: stat()[19] as string }
    writeFileSync(inFolder('.locks', 'a~0'), recordOf(owner, null, 0))
    expect(await locks.take('a')).toBe(true)
    parent.kill('SIGKILL')
    await locks.close()
  },
)
