import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { claimFolder } from '../../src/files/claim.js'
import { temporaryFolder } from '../temporaryFolder.js'

const inFolder = temporaryFolder()

describe('claiming a folder', () => {
  it('keeps a second writer out until the first is done', async () => {
    mkdirSync(inFolder('a'))
    const release = await claimFolder(inFolder('a'))
    await expect(claimFolder(inFolder('a'))).rejects.toThrow(OutputError)
    await expect(claimFolder(inFolder('a'))).rejects.toThrow(`process ${process.pid} is writing into`)
    await release()
    expect(readdirSync(inFolder('a'))).toEqual([])
    await (await claimFolder(inFolder('a')))()
  })

  it('goes to one of several that ask at once', async () => {
    mkdirSync(inFolder('b'))
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => claimFolder(inFolder('b'))))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is taken over from a process that was killed, and not from another machine', async () => {
    mkdirSync(inFolder('c'))
    const release = await claimFolder(inFolder('c'))
    const [name = ''] = readdirSync(inFolder('c'))
    const path = join(inFolder('c'), name)
    const { host } = JSON.parse(readFileSync(path, 'utf8'))
    await release()
    const pid = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(path, JSON.stringify({ host: `not ${host}`, pid }))
    await expect(claimFolder(inFolder('c'))).rejects.toThrow(OutputError)
    writeFileSync(path, JSON.stringify({ host, pid }))
    await (await claimFolder(inFolder('c')))()
    expect(readdirSync(inFolder('c'))).toEqual([])
  })
})
