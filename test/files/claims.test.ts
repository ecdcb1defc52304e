import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openClaims } from '../../src/files/claims.js'
import { type Owner, thisOwner } from '../../src/files/owner.js'
import { temporaryFolder } from '../temporaryFolder.js'

const inFolder = temporaryFolder()
const folder = () => inFolder('claims')

/** A claim as another process has left it. */
function leave(name: string, owner: Partial<Owner>, secondsAgo = 0): void {
  const path = join(folder(), name)
  writeFileSync(path, JSON.stringify({ owner: { ...thisOwner(), ...owner }, state: null }).padEnd(2048))
  const time = Date.now() / 1000 - secondsAgo
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

  it('are taken over from other machines once they were silent for a lease, by the time of the files alone', async () => {
    const claims = await openClaims(folder(), 60)
    expect(await claims.take('mine')).toBe(true)
    leave('a~0', { machine: 'another', pid: 1 }, 50)
    leave('b~0', { machine: 'another', pid: 1 }, 70)
    leave('c~0', { machine: 'another', pid: deadPid() })
    expect(await claims.take('a')).toBe(false)
    expect(await claims.take('b')).toBe(true)
    expect(await claims.take('c')).toBe(false)
    await claims.close()
    expect(readdirSync(folder()).sort()).toEqual(['a~0', 'c~0'])
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
    const claims = await openClaims(folder())
    expect(await claims.take('mine')).toBe(true)
    for (const text of ['', '{', '{"owner":{}}', 'null', '\0'.repeat(5000)]) {
      writeFileSync(join(folder(), 'a~0'), text)
      expect((await claims.held()).map(({ name }) => name)).toEqual(['mine'])
      // Its owner may be about to write it.
      expect(await claims.take('a')).toBe(false)
    }
    const longAgo = Date.now() / 1000 - 1000
    utimesSync(join(folder(), 'a~0'), longAgo, longAgo)
    expect(await claims.take('a')).toBe(true)
    await claims.close()
  })
})
