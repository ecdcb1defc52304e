import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { claimFolder } from '../../src/files/claim.js'
import { thisOwner } from '../../src/files/owner.js'
import { temporaryFolder } from '../temporaryFolder.js'

const inFolder = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

describe('claiming a folder', () => {
  it('keeps a second writer out until the first is done', async () => {
    mkdirSync(inFolder('a'))
    const release = await claimFolder(inFolder('a'))
    await expect(claimFolder(inFolder('a'))).rejects.toThrow(OutputError)
    await expect(claimFolder(inFolder('a'))).rejects.toThrow(`process ${process.pid} on `)
    await release()
    expect(readdirSync(inFolder('a'))).toEqual([])
    await (await claimFolder(inFolder('a')))()
  })

  it('goes to one of several that ask at once', async () => {
    mkdirSync(inFolder('b'))
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => claimFolder(inFolder('b'))))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('takes it from a process of another machine that gives no sign of life, and from no other', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '2')
    const claims = ['c', '.shiftscope-claims'] as const
    mkdirSync(inFolder(...claims), { recursive: true })
    const owner = { ...thisOwner(), machine: 'another', host: 'node7', pid: 4711 }
    const beat = (number: number) =>
      writeFileSync(inFolder(...claims, 'rows~0'), JSON.stringify({ owner, beat: number, state: null }).padEnd(2048))
    let beats = 0
    beat(beats)
    const timer = setInterval(() => beat(++beats), 100)
    const living = claimFolder(inFolder('c'))
    await expect(living).rejects.toThrow(`process 4711 on node7 is writing into ${inFolder('c')}; wait for it`)
    clearInterval(timer)
    const notes: string[] = []
    const release = await claimFolder(inFolder('c'), { note: (line) => notes.push(line) })
    await release()
    expect(notes).toEqual([`process 4711 on node7 has been writing into ${inFolder('c')}; waiting for a sign of life`])
    expect(readdirSync(inFolder('c'))).toEqual([])
  })
})
