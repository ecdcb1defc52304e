import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { temporaryName } from '../../src/files/temporaries.js'
import { claimPartial } from '../../src/networks/partialDownload.js'
import { temporaryFolder } from '../temporaryFolder.js'

const cache = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

describe('parts that nobody has', () => {
  it('go with the next download of anything where nothing can be gone on with, and stay where it can', async () => {
    vi.stubEnv('SHIFTSCOPE_CACHE', cache())
    const living = basename(temporaryName('partial'))
    const dead = living.replace(`-${process.pid}-`, `-${spawnSync(process.execPath, ['-e', '']).pid}-`)
    const elsewhere = dead.replace(/^\.tmp-(.)/, (_, digit) => `.tmp-${digit === '0' ? '1' : '0'}`)
    const part = (name: string, owner: string, bytes: number) => {
      mkdirSync(cache('downloads', name, owner), { recursive: true })
      writeFileSync(cache('downloads', name, owner, 'version.json'), '{}')
      if (bytes > 0) writeFileSync(cache('downloads', name, owner, name), Buffer.alloc(bytes))
    }
    part('moved.pth', dead, 0)
    part('half.pth', dead, 100)
    part('free.pth', 'partial', 100)
    part('asked.pth', living, 0)
    mkdirSync(cache('downloads', 'begun.pth'))
    part('far.pth', elsewhere, 0)
    part('gone.pth', elsewhere, 0)
    const silent = Date.now() / 1000 - 3600
    utimesSync(cache('downloads', 'gone.pth', elsewhere), silent, silent)
    utimesSync(cache('downloads', 'asked.pth', living), silent, silent)
    const claimed = await claimPartial('new.pth')
    expect(existsSync(claimed.folder)).toBe(true)
    expect(readdirSync(cache('downloads')).sort()).toEqual(['asked.pth', 'far.pth', 'free.pth', 'half.pth', 'new.pth'])
  })
})
