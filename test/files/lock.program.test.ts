import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { lockFolder, openLocks } from '../../src/files/lock.js'
import { type Owner, thisOwner } from '../../src/files/owner.js'
import { workerFile } from '../../src/files/package.js'
import { temporaryName } from '../../src/files/temporaries.js'
import { randomOf } from '../support/random.js'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const folder = () => inFolder('.locks')
const open = () => openLocks(inFolder())
afterEach(() => vi.unstubAllEnvs())

/** A lock as another process has left it, at a date that it has chosen. */
function leave(name: string, owner: Partial<Owner>, secondsAgo = 0, beat = 0): void {
  const path = join(folder(), name)
  writeFileSync(path, JSON.stringify({ owner: { ...thisOwner(), ...owner }, beat, state: null }).padEnd(2048))
  const time = Math.floor(Date.now() / 1000) - secondsAgo
  utimesSync(path, time, time)
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

describe('locks', () => {
  it('give work to one of many that ask, and then to the next', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open()))
    const taken = await Promise.all(all.map((locks) => locks.take('a')))
    expect(taken.filter(Boolean)).toHaveLength(1)
    const winner = all[taken.indexOf(true)]
    expect(await winner?.take('a')).toBe(false)
    expect(await winner?.held()).toMatchObject([{ name: 'a', owner: { id: winner?.owner.id } }])
    await winner?.release('a')
    const [one, other] = all.filter((locks) => locks !== winner)
    expect(await one?.take('a')).toBe(true)
    expect(await other?.take('a')).toBe(false)
    for (const locks of all) await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are released where a full disk has damaged them', async () => {
    const locks = open()
    expect(await locks.take('a')).toBe(true)
    truncateSync(join(folder(), 'a~0'))
    await locks.release('a')
    expect(await locks.take('a')).toBe(true)
    await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('leave alone what is neither a lock nor on its way to be one', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    mkdirSync(join(folder(), 'models', 'deep'), { recursive: true })
    writeFileSync(join(folder(), 'models', 'deep', 'a.lock'), '')
    writeFileSync(join(folder(), 'precious.txt'), '')
    const locks = open()
    expect(await locks.take('a')).toBe(true)
    await setTimeout(1100)
    await locks.close()
    expect(readdirSync(folder(), { recursive: true }).sort()).toEqual(
      ['models', 'models/deep', 'models/deep/a.lock', 'precious.txt'].map((path) => join(path)),
    )
  })

  it('never give the same work to two at a time, whatever the order', async () => {
    const busy = new Set<string>()
    let done = 0
    const worker = async () => {
      for (let round = 0; round < 20; round++) {
        const locks = open()
        for (const name of ['a', 'b']) {
          if (!(await locks.take(name))) continue
          expect(busy.has(name)).toBe(false)
          busy.add(name)
          await setTimeout(Math.random() * 3)
          busy.delete(name)
          done++
          await locks.release(name)
        }
        await locks.close()
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    expect(done).toBeGreaterThan(8)
    expect(existsSync(folder())).toBe(false)
  })

  it('are taken over from the dead of this machine at once, and leave nothing', async () => {
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    leave('a~0', { pid: deadPid() })
    leave('a~1', { pid: deadPid() })
    expect([...(await locks.names())]).toEqual(['a'])
    expect((await locks.held()).map(({ name }) => name)).toEqual(['mine'])
    expect(await locks.take('a')).toBe(true)
    expect(readdirSync(folder()).sort()).toEqual(['a~2', 'mine~0'])
    await locks.release('a')
    expect(readdirSync(folder())).toEqual(['mine~0'])
    // The same number, given to another process since.
    leave('b~0', { started: '1' })
    expect(await locks.take('b')).toBe(true)
    await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are taken over from one of several that try', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => open()))
    expect(await all[0]?.take('x')).toBe(true)
    leave('a~0', { pid: deadPid() })
    expect((await Promise.all(all.map((locks) => locks.take('a')))).filter(Boolean)).toHaveLength(1)
    for (const locks of all) await locks.close()
  })

  it('are taken over from other machines once they have not changed for a lease, whatever their dates are', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    const dates = { past: 7200, now: 0, future: -7200 }
    for (const [name, secondsAgo] of Object.entries(dates)) {
      leave(`dead-${name}~0`, { machine: 'another' }, secondsAgo)
      leave(`living-${name}~0`, { id: '0123456789abcdef', machine: 'another', pid: deadPid() }, secondsAgo)
      expect(await locks.take(`dead-${name}`)).toBe(false)
      expect(await locks.take(`living-${name}`)).toBe(false)
    }
    await setTimeout(1100)
    for (const [name, secondsAgo] of Object.entries(dates)) {
      leave(`living-${name}~0`, { id: '0123456789abcdef', machine: 'another', pid: deadPid() }, secondsAgo, 1)
      expect([name, await locks.take(`living-${name}`)]).toEqual([name, false])
      expect([name, await locks.take(`dead-${name}`)]).toEqual([name, true])
    }
    await locks.close()
  })

  it('are looked at once more after one was taken: another may have begun from another state of the folder', async () => {
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    const pid = deadPid()
    leave('a~0', { pid })
    const kill = process.kill.bind(process)
    // While the dead one is asked for, somebody else clears its lock and takes the free name.
    const spy = vi.spyOn(process, 'kill').mockImplementation((asked, signal) => {
      if (asked === pid) leave('a~0', { id: '0123456789abcdef' })
      return kill(asked, signal)
    })
    try {
      expect(await locks.take('a')).toBe(false)
    } finally {
      spy.mockRestore()
    }
    expect(readdirSync(folder()).sort()).toEqual(['a~0', 'mine~0'])
    await locks.close()
  })

  const seed = Number(process.env.SHIFTSCOPE_KILL_SEED ?? Date.now() % 1_000_000)
  const rounds = Array.from({ length: randomCases(2) }, (_, i) => ({ seed, round: i + 1 }))
  it.each(rounds)('leave nothing to who comes after four were killed, seed $seed, round $round', async ({ round }) => {
    const random = randomOf(seed, 'kills', round)
    const script = `import { openLocks } from ${JSON.stringify(workerFile('files/lock.js'))}
for (;;) {
  const locks = openLocks(process.argv[1])
  for (const name of ['a', 'b']) if (await locks.take(name)) await locks.release(name)
  await locks.close()
  process.stdout.write('.')
}`
    const args = ['--input-type=module', '--eval', script, inFolder()]
    const ended = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await setTimeout(random.below(100))
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await Promise.all(ended)
    const next = open()
    for (const name of ['a', 'b']) expect(await next.take(name)).toBe(true)
    await next.close()
    expect(existsSync(folder()) ? readdirSync(folder()) : []).toEqual([])
  })

  it('leave nothing of those that were killed while they made or removed their files', async () => {
    const pid = deadPid()
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    const temporary = temporaryName('a~0').replace(`-${process.pid}-`, `-${pid}-`)
    for (const [name, text] of Object.entries({ a: '', b: '{"owner"' }))
      writeFileSync(join(folder(), temporary + name), text)
    leave(`${temporary}c`, { pid })
    await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('stay fresh while their process lives, and tell what it does', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    const locks = open()
    const other = open()
    locks.describe({ unit: 'first' })
    expect(await locks.take('a')).toBe(true)
    const text = () => readFileSync(join(folder(), 'a~0'), 'utf8')
    expect(text()).toHaveLength(2048)
    locks.describe({ unit: 'second' })
    await expect.poll(async () => (await other.held())[0]?.state, { timeout: 5000 }).toEqual({ unit: 'second' })
    expect(text()).toHaveLength(2048)
    await locks.close()
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are lost by whoever was silent for a lease, who goes on with other work', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    const locks = open()
    const other = open()
    expect(await locks.take('a')).toBe(true)
    expect(await locks.take('b')).toBe(true)
    // As others leave it who took it for dead.
    for (const file of readdirSync(folder())) rmSync(join(folder(), file))
    expect(await other.take('a')).toBe(true)
    expect(await locks.take('c')).toBe(true)
    locks.describe('lost', true)
    await expect.poll(async () => (await other.held()).find(({ name }) => name === 'c')?.state).toBe('lost')
    expect((await other.held()).find(({ name }) => name === 'a')?.owner).toEqual(other.owner)
    await locks.release('a')
    expect((await other.held()).map(({ name }) => name).sort()).toEqual(['a', 'c'])
    expect(await other.take('b')).toBe(true)
    await locks.close()
    expect((await other.held()).map(({ name }) => name).sort()).toEqual(['a', 'b'])
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('can be read however much their owner says about itself', async () => {
    const locks = open()
    for (const [length, isTold] of [
      [500, true],
      [1000, false],
    ] as const) {
      const state = '狗'.repeat(length)
      locks.describe(state)
      expect(await locks.take('a')).toBe(true)
      expect(await locks.held()).toMatchObject([{ name: 'a', state: isTold ? state : null }])
      await locks.release('a')
    }
    await locks.close()
  })

  it('are waited for, and the wait ends with the signal', async () => {
    const [locks, other] = [open(), open()]
    expect(await locks.takeInTurn('a')).toBe(false)
    const stop = new AbortController()
    const waits: unknown[] = []
    const stopped = other.takeInTurn('a', {
      signal: stop.signal,
      onWait: (held, attempt) => {
        waits.push([held?.owner.id, attempt])
        if (attempt === 1) stop.abort('enough')
      },
    })
    await expect(stopped).rejects.toBe('enough')
    expect(waits).toEqual([0, 1].map((attempt) => [locks.owner.id, attempt]))
    const waited = other.takeInTurn('a')
    await setTimeout(50)
    await locks.close()
    expect(await waited).toBe(true)
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('of a process that has ended and was not asked for are free', async () => {
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    // The shell never waits for its child, since it becomes another program.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = await new Promise<number>((found) => parent.stdout.once('data', (text) => found(Number(text))))
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]).toBe('Z')
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] as string
    leave('a~0', { pid, started: start })
    expect(await locks.take('a')).toBe(true)
    parent.kill('SIGKILL')
    await locks.close()
  })

  it('are not read where a file is damaged, and do not stop others', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    const locks = open()
    expect(await locks.take('mine')).toBe(true)
    for (const text of ['', '{', '{"owner":{}}', 'null', '\0'.repeat(5000)]) {
      writeFileSync(join(folder(), 'a~0'), text)
      expect((await locks.held()).map(({ name }) => name)).toEqual(['mine'])
      // Its owner may be about to write it.
      expect(await locks.take('a')).toBe(false)
    }
    await setTimeout(1100)
    // Another version of the program may write its heartbeats in another form.
    writeFileSync(join(folder(), 'a~0'), '{"beat": 2}')
    expect(await locks.take('a')).toBe(false)
    await setTimeout(1100)
    expect(await locks.take('a')).toBe(true)
    await locks.close()
  })
})

describe('the lock of a folder', () => {
  it('keeps a second writer out until the first is done', async () => {
    mkdirSync(inFolder('a'))
    const release = await lockFolder(inFolder('a'))
    await expect(lockFolder(inFolder('a'))).rejects.toThrow(OutputError)
    await expect(lockFolder(inFolder('a'))).rejects.toThrow(`process ${process.pid} on `)
    await release()
    expect(readdirSync(inFolder('a'))).toEqual([])
    await (await lockFolder(inFolder('a')))()
  })

  it('goes to one of several that ask at once', async () => {
    mkdirSync(inFolder('b'))
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(inFolder('b'))))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is taken from a process of another machine that gives no sign of life, and from no other', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '2')
    mkdirSync(inFolder('c', '.locks'), { recursive: true })
    const owner = { ...thisOwner(), machine: 'another', host: 'node7', pid: 4711 }
    const beat = (number: number) =>
      writeFileSync(
        inFolder('c', '.locks', 'rows~0'),
        JSON.stringify({ owner, beat: number, state: null }).padEnd(2048),
      )
    let beats = 0
    beat(beats)
    const timer = setInterval(() => beat(++beats), 100)
    const living = lockFolder(inFolder('c'))
    await expect(living).rejects.toThrow(`process 4711 on node7 is writing into ${inFolder('c')}; wait for it`)
    clearInterval(timer)
    const notes: string[] = []
    const release = await lockFolder(inFolder('c'), { note: (line) => notes.push(line) })
    await release()
    expect(notes).toEqual([`process 4711 on node7 has been writing into ${inFolder('c')}; waiting for a sign of life`])
    expect(readdirSync(inFolder('c'))).toEqual([])
  })
})
