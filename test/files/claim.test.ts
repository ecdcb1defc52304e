import { mkdirSync, readdirSync } from 'node:fs'
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
})
