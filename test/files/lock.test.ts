import fs, { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { lockFolder, openLocks, pause } from '../../src/files/lock.js'
import { lockOf, namesIn, recordOf } from '../../src/files/lockFile.js'
import { type Owner, thisOwner } from '../../src/files/owner.js'
import { temporaryName } from '../../src/files/temporaries.js'
import { DEAD_PID } from '../support/deadProcess.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const folder = () => inFolder('.locks')
const open = () => openLocks(inFolder())
const LEASE = 120_000
const BEAT = LEASE / 6

// Leases and heartbeats go by a clock that tests put forward.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** A lock as another process has left it, dated so many seconds ago. */
function leave(name: string, owner: Partial<Owner>, beat = 0, secondsAgo = 0): void {
  const path = join(folder(), name)
  writeFileSync(path, recordOf({ ...thisOwner(), ...owner }, null, beat))
  const time = Math.floor(Date.now() / 1000) - secondsAgo
  utimesSync(path, time, time)
}

/** Makes files in /proc unreadable, as on macOS and Windows. The returned function ends this. */
function hideProc(): () => void {
  const read = fs.readFileSync
  const spy = vi.spyOn(fs, 'readFileSync').mockImplementation((path, options) => {
    if (String(path).startsWith('/proc/')) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return read(path, options)
  })
  syncBuiltinESMExports()
  return () => {
    spy.mockRestore()
    syncBuiltinESMExports()
  }
}

/** Lets heartbeats go on during some work. Without /proc, only they show that a writer lives. */
async function whileBeating<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  work.then(over, over)
  while (!isOver) {
    await setTimeout(100)
    if (!isOver) vi.advanceTimersByTime(BEAT)
  }
  return work
}

const heldNames = async (locks: ReturnType<typeof open>) => (await locks.held()).map(({ name }) => name).sort()

/** Locks of which one is held already, so that their folder is there. */
async function opened() {
  const locks = open()
  expect(await locks.take('mine')).toBe(true)
  return locks
}

describe('locks', () => {
  it('give work to one of many that ask, and then to the next', async () => {
    const all = Array.from({ length: 10 }, open)
    const taken = await Promise.all(all.map((locks) => locks.take('a')))
    expect(taken.filter(Boolean)).toHaveLength(1)
    const winner = all[taken.indexOf(true)]
    expect(await winner?.take('a')).toBe(false)
    expect(await winner?.held()).toMatchObject([{ name: 'a', number: 0, owner: winner?.owner, state: null }])
    await winner?.release('a')
    const [one, other] = all.filter((locks) => locks !== winner)
    expect(await one?.take('a')).toBe(true)
    expect(await other?.take('a')).toBe(false)
    for (const locks of all) await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('never give the same work to two at a time, whatever the order', async () => {
    const busy = new Set<string>()
    let done = 0
    const worker = async () => {
      for (let round = 0; round < 8; round++) {
        const locks = open()
        for (const name of ['a', 'b']) {
          if (!(await locks.take(name))) continue
          expect(busy.has(name)).toBe(false)
          busy.add(name)
          await setImmediate()
          busy.delete(name)
          done++
          await locks.release(name)
        }
        await locks.close()
      }
    }
    await Promise.all(Array.from({ length: 6 }, worker))
    expect(done).toBeGreaterThan(6)
    expect(existsSync(folder())).toBe(false)
  })

  it('leave alone what is neither a lock nor on its way to be one', async () => {
    mkdirSync(join(folder(), 'models'), { recursive: true })
    for (const name of ['models/a.lock', 'precious.txt', '.hidden~0', 'b~x']) writeFileSync(join(folder(), name), '')
    const locks = open()
    expect(await locks.take('a')).toBe(true)
    expect(await heldNames(locks)).toEqual(['a'])
    expect([...(await locks.names())]).toEqual([])
    vi.advanceTimersByTime(LEASE)
    await locks.close()
    const left = ['.hidden~0', 'b~x', 'models', join('models', 'a.lock'), 'precious.txt']
    expect(readdirSync(folder(), { recursive: true }).sort()).toEqual(left)
  })

  it('are taken over from the dead of this machine at once, and leave nothing', async () => {
    const locks = await opened()
    for (const name of ['a~0', 'a~1']) leave(name, { pid: DEAD_PID })
    // Whoever never took a lock removes nothing.
    await open().close()
    expect([...(await locks.names())]).toEqual(['a'])
    expect(await heldNames(locks)).toEqual(['mine'])
    expect(await locks.take('a')).toBe(true)
    expect(readdirSync(folder()).sort()).toEqual(['a~2', 'mine~0'])
    await locks.release('a')
    expect(readdirSync(folder())).toEqual(['mine~0'])
    // The same number, given to another process since. Without /proc, nobody knows that.
    leave('b~0', { started: '1', ...(thisOwner().started === '' && { pid: DEAD_PID }) })
    const all = [locks, ...Array.from({ length: 5 }, open)]
    expect((await Promise.all(all.map((one) => one.take('b')))).filter(Boolean)).toHaveLength(1)
    for (const one of all.slice(1)) await one.close()
    // What nobody takes over goes with the last, also temporaries of a process that was killed.
    const temporary = temporaryName('a~0').replace(`-${process.pid}-`, `-${DEAD_PID}-`)
    for (const name of ['c~0', `${temporary}c`]) leave(name, { pid: DEAD_PID })
    for (const [i, text] of ['', '{"owner"'].entries()) writeFileSync(join(folder(), `${temporary}${i}`), text)
    await locks.close()
    expect(existsSync(folder())).toBe(false)
  })

  it.each([7200, 0, -7200])('of other machines, dated %i seconds ago, are taken over after a lease', async (age) => {
    const locks = await opened()
    const other = { id: '0123456789abcdef', machine: 'another', pid: DEAD_PID }
    const take = () => Promise.all(['dead', 'living'].map((name) => locks.take(name)))
    for (const name of ['dead~0', 'living~0']) leave(name, other, 0, age)
    expect(await take()).toEqual([false, false])
    vi.advanceTimersByTime(LEASE - 1)
    leave('living~0', other, 1, age)
    expect(await take()).toEqual([false, false])
    vi.advanceTimersByTime(1)
    expect(await take()).toEqual([true, false])
    await locks.close()
  })

  it('without /proc, are believed for a lease where a later process has their PID, or as long as they beat', async () => {
    const showProc = hideProc()
    try {
      const locks = await opened()
      expect(locks.owner.started).toBe('')
      const take = () => Promise.all(['dead', 'living', 'known'].map((name) => locks.take(name)))
      const other = { id: '0123456789abcdef' }
      for (const name of ['dead~0', 'living~0']) leave(name, other)
      // Its process could see its own start time, as where /proc hides the processes of other users.
      leave('known~0', { ...other, started: '1' })
      expect(await take()).toEqual([false, false, false])
      vi.advanceTimersByTime(LEASE - 1)
      leave('living~0', other, 1)
      expect(await take()).toEqual([false, false, false])
      vi.advanceTimersByTime(1)
      expect(await take()).toEqual([true, false, true])
      leave('gone~0', { pid: DEAD_PID })
      expect(await locks.take('gone')).toBe(true)
      await locks.close()
    } finally {
      showProc()
    }
  })

  it('are taken by one alone also without hard links, and not where their file cannot be written', async () => {
    const code = (error: string) => Object.assign(new Error(error), { code: error })
    const spy = vi.spyOn(fs.promises, 'link').mockRejectedValue(code('EPERM'))
    syncBuiltinESMExports()
    const [locks, other] = [open(), open()]
    try {
      expect([await locks.take('a'), await other.take('a')]).toEqual([true, false])
      expect(await other.held()).toMatchObject([{ name: 'a', owner: locks.owner }])
      spy.mockRejectedValue(code('ENOSPC'))
      await expect(other.take('b')).rejects.toThrow(OutputError)
      expect(readdirSync(folder())).toEqual(['a~0'])
    } finally {
      spy.mockRestore()
      syncBuiltinESMExports()
    }
    for (const one of [locks, other]) await one.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are looked at once more after one was taken: another may have begun from another state of the folder', async () => {
    const locks = await opened()
    leave('a~0', { pid: DEAD_PID })
    const kill = process.kill.bind(process)
    // While the dead one is asked for, somebody else clears its lock and takes the free name.
    const spy = vi.spyOn(process, 'kill').mockImplementation((asked, signal) => {
      if (asked === DEAD_PID) leave('a~0', { id: '0123456789abcdef' })
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

  it('stay fresh while their process lives, and tell what it does', async () => {
    const [locks, other] = [open(), open()]
    const seen = async () => (await other.held())[0]
    locks.describe({ unit: 'first' })
    expect(await locks.take('a')).toBe(true)
    const first = await seen()
    expect(first).toMatchObject({ state: { unit: 'first' }, owner: locks.owner })
    locks.describe({ unit: 'second' })
    vi.advanceTimersByTime(BEAT - 1)
    await setImmediate()
    expect(await seen()).toEqual(first)
    vi.advanceTimersByTime(1)
    await expect.poll(async () => (await seen())?.state).toEqual({ unit: 'second' })
    const { version } = (await seen()) ?? {}
    vi.advanceTimersByTime(BEAT)
    await expect.poll(async () => (await seen())?.version).not.toBe(version)
    expect(readFileSync(join(folder(), 'a~0'))).toHaveLength(2048)
    // As a full disk may leave it.
    writeFileSync(join(folder(), 'a~0'), '')
    vi.advanceTimersByTime(BEAT)
    await expect.poll(async () => (await seen())?.state).toEqual({ unit: 'second' })
    await locks.close()
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are lost by whoever was silent for a lease, who goes on with other work', async () => {
    const [locks, other] = [open(), open()]
    for (const name of ['a', 'b']) expect(await locks.take(name)).toBe(true)
    // As others leave it who took it for dead.
    for (const file of readdirSync(folder())) rmSync(join(folder(), file))
    expect(await other.take('a')).toBe(true)
    expect(await locks.take('c')).toBe(true)
    locks.describe('lost', true)
    await expect.poll(async () => (await other.held()).find(({ name }) => name === 'c')?.state).toBe('lost')
    expect((await other.held()).find(({ name }) => name === 'a')?.owner).toEqual(other.owner)
    await locks.release('a')
    expect(await heldNames(other)).toEqual(['a', 'c'])
    expect(await other.take('b')).toBe(true)
    await locks.close()
    expect(await heldNames(other)).toEqual(['a', 'b'])
    await other.close()
    expect(existsSync(folder())).toBe(false)
  })

  it('are waited for, and the wait ends with the signal', async () => {
    const [locks, other] = [open(), open()]
    expect(await locks.takeInTurn('a')).toBe(false)
    const stop = new AbortController()
    const waits: unknown[] = []
    const stopped = other.takeInTurn('a', {
      signal: stop.signal,
      longestSeconds: 0.001,
      onWait: (held, attempt) => {
        waits.push([held?.owner.id, attempt])
        if (attempt === 1) stop.abort('enough')
      },
    })
    await expect(stopped).rejects.toBe('enough')
    expect(waits).toEqual([0, 1].map((attempt) => [locks.owner.id, attempt]))
    const onWait = (_: unknown, attempt: number) => void (attempt === 2 && locks.close())
    expect(await other.takeInTurn('a', { longestSeconds: 0.001, onWait })).toBe(true)
    await other.close()
    expect(existsSync(folder())).toBe(false)
    await expect(pause(0, AbortSignal.abort('stopped'))).rejects.toBe('stopped')
  })

  it.each([undefined, new AbortController().signal])(
    'are asked for again after a pause (signal: %j)',
    async (signal) => {
      const ends = [pause(0, signal).then(() => 'pause'), setTimeout(20, 'shorter')]
      expect(await Promise.race(ends)).toBe('shorter')
    },
  )

  it('are none in a folder that is not there; one that cannot be read is an error', async () => {
    writeFileSync(inFolder('file'), '')
    expect(await namesIn(inFolder('nothing'))).toEqual([])
    expect(await namesIn(inFolder('file'))).toEqual([])
    await expect(namesIn(inFolder('x'.repeat(256)))).rejects.toThrow(/^cannot write .*: the name is too long/)
  })

  it('are not read where a file is damaged, and do not stop others', async () => {
    const locks = await opened()
    const owner = { ...thisOwner(), machine: 'another' }
    const damaged = ['', '{', '{"owner":{}}', 'null', '\0'.repeat(5000)]
    const owners = [{ id: '0123' }, { pid: 0 }, { pid: 1.5 }, { host: 1 }, { started: null }]
    for (const text of [...damaged, ...owners.map((wrong) => JSON.stringify({ owner: { ...owner, ...wrong } }))]) {
      writeFileSync(join(folder(), 'a~0'), text)
      expect(await heldNames(locks)).toEqual(['mine'])
      // Its owner may be about to write it.
      expect(await locks.take('a')).toBe(false)
    }
    vi.advanceTimersByTime(LEASE)
    // Another version of the program may write its heartbeats in another form.
    writeFileSync(join(folder(), 'a~0'), '{"beat": 2}')
    expect(await locks.take('a')).toBe(false)
    vi.advanceTimersByTime(LEASE)
    expect(await locks.take('a')).toBe(true)
    await locks.close()
  })
})

describe('the record of a lock', () => {
  it.skipIf(leftOut(!existsSync('/proc/self/stat'), 'they need /proc'))('tells when its process was started', () => {
    const [, fields = ''] = /^\d+ \(.*\) (.*)/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? []
    expect(thisOwner().started).toBe(fields.split(' ')[19])
  })

  it('has one length, and leaves out a state that is too long', () => {
    const owner = thisOwner()
    const spare = 2047 - JSON.stringify({ owner, beat: 7, state: '狗' }).length - 2
    for (const [more, state] of [
      [spare, `狗${'x'.repeat(spare)}`],
      [spare + 1, null],
    ] as const) {
      const record = recordOf(owner, `狗${'x'.repeat(more)}`, 7)
      expect(JSON.parse(record)).toEqual({ owner, beat: 7, state })
      expect(record).toHaveLength(2048)
    }
  })

  it('is that of the file NAME~NUMBER', () => {
    expect(lockOf('a~b~12')).toEqual({ name: 'a~b', number: 12 })
    for (const name of ['a', '~1', '.a~1', 'a~', 'a~1x', 'a~1234567890'])
      expect(lockOf(name)).toEqual({ name: undefined, number: Number.NaN })
  })
})

describe('the lock of a folder', () => {
  it('keeps a second writer out until the first is done', async () => {
    mkdirSync(inFolder('a'))
    const release = await lockFolder(inFolder('a'))
    const refusal = `process ${process.pid} on ${thisOwner().host} is writing into ${inFolder('a')}; wait until it has finished`
    expect(await messageOf(whileBeating(lockFolder(inFolder('a'))), OutputError)).toContain(refusal)
    await release()
    expect(readdirSync(inFolder('a'))).toEqual([])
    const asked = await whileBeating(Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(inFolder('a')))))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is taken from a process of another machine that gives no sign of life, and from no other', async () => {
    mkdirSync(folder())
    const who = { machine: 'another', host: 'node7', pid: 4711 }
    leave('rows~0', who)
    const living = lockFolder(inFolder(), { note: () => leave('rows~0', who, 1) })
    await expect(living).rejects.toThrow(
      `process 4711 on node7 is writing into ${inFolder()}; wait until it has finished`,
    )
    const notes: string[] = []
    const note = (line: string) => {
      notes.push(line)
      vi.advanceTimersByTime(LEASE)
    }
    await (await lockFolder(inFolder(), { note }))()
    expect(notes).toEqual([
      `process 4711 on node7 was writing into ${inFolder()}; waiting to see whether it is still running`,
    ])
    expect(readdirSync(inFolder())).toEqual([])
  })
})
