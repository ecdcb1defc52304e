import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { openClaims } from '../../src/files/claims.js'
import { type Owner, thisOwner } from '../../src/files/owner.js'
import { workerFile } from '../../src/files/package.js'
import { temporaryName } from '../../src/files/temporaries.js'
import { randomOf } from '../fuzz/random.js'
import { randomCases } from '../randomCases.js'
import { temporaryFolder } from '../temporaryFolder.js'

const inFolder = temporaryFolder()
const folder = () => inFolder('claims')

/** A claim as another process has left it, at a date that it has chosen. */
function leave(name: string, owner: Partial<Owner>, secondsAgo = 0, beat = 0): void {
  const path = join(folder(), name)
  writeFileSync(path, JSON.stringify({ owner: { ...thisOwner(), ...owner }, beat, state: null }).padEnd(2048))
  const time = Math.floor(Date.now() / 1000) - secondsAgo
  utimesSync(path, time, time)
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

describe('claims', () => {
  it('give work to one of many that ask, and then to the next', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => openClaims(folder())))
    const taken = await Promise.all(all.map((claims) => claims.take('a')))
    expect(taken.filter(Boolean)).toHaveLength(1)
    const winner = all[taken.indexOf(true)]
    expect(await winner?.take('a')).toBe(false)
    expect(await winner?.held()).toMatchObject([{ name: 'a', owner: { id: winner?.owner.id }, isLive: true }])
    await winner?.release('a')
    const [one, other] = all.filter((claims) => claims !== winner)
    expect(await one?.take('a')).toBe(true)
    expect(await other?.take('a')).toBe(false)
    for (const claims of all) await claims.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('never give the same work to two at a time, whatever the order', async () => {
    const busy = new Set<string>()
    let done = 0
    const worker = async () => {
      for (let round = 0; round < 20; round++) {
        const claims = await openClaims(folder())
        for (const name of ['a', 'b']) {
          if (!(await claims.take(name))) continue
          expect(busy.has(name)).toBe(false)
          busy.add(name)
          await setTimeout(Math.random() * 3)
          busy.delete(name)
          done++
          await claims.release(name)
        }
        await claims.close()
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    expect(done).toBeGreaterThan(8)
    expect(existsSync(folder())).toBe(false)
  })

  it('are taken over from the dead of this machine at once, and leave nothing', async () => {
    const claims = await openClaims(folder())
    expect(await claims.take('mine')).toBe(true)
    leave('a~0', { pid: deadPid() })
    leave('a~1', { pid: deadPid() })
    expect((await claims.held()).find(({ name }) => name === 'a')?.isLive).toBe(false)
    expect(await claims.take('a')).toBe(true)
    expect(readdirSync(folder()).sort().slice(1)).toEqual(['a~0', 'a~1', 'a~2', 'mine~0'])
    await claims.release('a')
    expect(readdirSync(folder()).slice(1)).toEqual(['mine~0'])
    // The same number, given to another process since.
    leave('b~0', { started: '1' })
    expect(await claims.take('b')).toBe(true)
    await claims.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are taken over from one of several that try', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => openClaims(folder())))
    expect(await all[0]?.take('x')).toBe(true)
    leave('a~0', { pid: deadPid() })
    expect((await Promise.all(all.map((claims) => claims.take('a')))).filter(Boolean)).toHaveLength(1)
    for (const claims of all) await claims.close()
  })

  it('are taken over from other machines once they have not changed for a lease, whatever their dates are', async () => {
    const claims = await openClaims(folder(), 1)
    expect(await claims.take('mine')).toBe(true)
    const dates = { past: 7200, now: 0, future: -7200 }
    for (const [name, secondsAgo] of Object.entries(dates)) {
      leave(`dead-${name}~0`, { machine: 'another' }, secondsAgo)
      leave(`living-${name}~0`, { id: '0123456789abcdef', machine: 'another', pid: deadPid() }, secondsAgo)
      expect(await claims.take(`dead-${name}`)).toBe(false)
      expect(await claims.take(`living-${name}`)).toBe(false)
    }
    await setTimeout(1100)
    for (const [name, secondsAgo] of Object.entries(dates)) {
      leave(`living-${name}~0`, { id: '0123456789abcdef', machine: 'another', pid: deadPid() }, secondsAgo, 1)
      expect([name, await claims.take(`living-${name}`)]).toEqual([name, false])
      expect([name, await claims.take(`dead-${name}`)]).toEqual([name, true])
    }
    await claims.close()
  })

  it('are looked at once more after one was taken: another may have begun from another state of the folder', async () => {
    const claims = await openClaims(folder())
    expect(await claims.take('mine')).toBe(true)
    const pid = deadPid()
    leave('a~0', { pid })
    const kill = process.kill.bind(process)
    // While the dead one is asked for, somebody else clears its claim and takes the free name.
    const spy = vi.spyOn(process, 'kill').mockImplementation((asked, signal) => {
      if (asked === pid) leave('a~0', { id: '0123456789abcdef' })
      return kill(asked, signal)
    })
    try {
      expect(await claims.take('a')).toBe(false)
    } finally {
      spy.mockRestore()
    }
    expect(readdirSync(folder()).sort().slice(1)).toEqual(['a~0', 'mine~0'])
    await claims.close()
  })

  const seed = Number(process.env.SHIFTSCOPE_KILL_SEED ?? Date.now() % 1_000_000)
  const rounds = Array.from({ length: randomCases(2) }, (_, i) => ({ seed, round: i + 1 }))
  it.each(rounds)('leave nothing to who comes after four were killed, seed $seed, round $round', async ({ round }) => {
    const random = randomOf(seed, 'kills', round)
    const script = `import { openClaims } from ${JSON.stringify(workerFile('files/claims.js'))}
for (;;) {
  const claims = await openClaims(process.argv[1])
  for (const name of ['a', 'b']) if (await claims.take(name)) await claims.release(name)
  await claims.close()
  process.stdout.write('.')
}`
    const args = ['--input-type=module', '--eval', script, folder()]
    const ended = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await setTimeout(random.below(100))
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await Promise.all(ended)
    const next = await openClaims(folder())
    for (const name of ['a', 'b']) expect(await next.take(name)).toBe(true)
    await next.close()
    expect(existsSync(folder()) ? readdirSync(folder()) : []).toEqual([])
  })

  it('leave nothing of those that were killed while they made or removed their files', async () => {
    const pid = deadPid()
    const dead = { ...thisOwner(), pid }
    const claims = await openClaims(folder())
    expect(await claims.take('mine')).toBe(true)
    leave(`.owner-${dead.id}`, dead)
    const temporary = temporaryName('.owner').replace(`-${process.pid}-`, `-${pid}-`)
    for (const [name, text] of Object.entries({ a: '', b: '{"owner"' }))
      writeFileSync(join(folder(), temporary + name), text)
    await claims.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('stay fresh while their process lives, and tell what it does', async () => {
    const claims = await openClaims(folder(), 1)
    const other = await openClaims(folder())
    claims.describe({ unit: 'first' })
    expect(await claims.take('a')).toBe(true)
    const text = () => readFileSync(join(folder(), 'a~0'), 'utf8')
    expect(text()).toHaveLength(2048)
    claims.describe({ unit: 'second' })
    await expect.poll(async () => (await other.held())[0]?.state, { timeout: 5000 }).toEqual({ unit: 'second' })
    expect(text()).toHaveLength(2048)
    await claims.close()
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are lost by whoever was silent for a lease, who goes on with other work', async () => {
    const claims = await openClaims(folder(), 1)
    const other = await openClaims(folder(), 1)
    expect(await claims.take('a')).toBe(true)
    expect(await claims.take('b')).toBe(true)
    // As others leave it who took it for dead.
    for (const file of readdirSync(folder())) rmSync(join(folder(), file))
    expect(await other.take('a')).toBe(true)
    expect(await claims.take('c')).toBe(true)
    await claims.release('a')
    expect((await other.held()).map(({ name }) => name).sort()).toEqual(['a', 'c'])
    expect(await other.take('b')).toBe(true)
    await claims.close()
    expect((await other.held()).map(({ name }) => name).sort()).toEqual(['a', 'b'])
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('of a process that has ended and was not asked for are free', async () => {
    const claims = await openClaims(folder())
    expect(await claims.take('mine')).toBe(true)
    // The shell never waits for its child, since it becomes another program.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = await new Promise<number>((found) => parent.stdout.once('data', (text) => found(Number(text))))
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]).toBe('Z')
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] as string
    leave('a~0', { pid, started: start })
    expect(await claims.take('a')).toBe(true)
    parent.kill('SIGKILL')
    await claims.close()
  })

  it('are not read where a file is damaged, and do not stop others', async () => {
    const claims = await openClaims(folder(), 1)
    expect(await claims.take('mine')).toBe(true)
    for (const text of ['', '{', '{"owner":{}}', 'null', '\0'.repeat(5000)]) {
      writeFileSync(join(folder(), 'a~0'), text)
      expect((await claims.held()).map(({ name }) => name)).toEqual(['mine'])
      // Its owner may be about to write it.
      expect(await claims.take('a')).toBe(false)
    }
    await setTimeout(1100)
    expect(await claims.take('a')).toBe(true)
    await claims.close()
  })
})
