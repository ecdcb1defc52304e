import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeWritableFolder, writeFileAtomic, writeFolderAtomic } from '../../src/files/atomic.js'
import {
  isTemporaryName,
  makeTemporaryFolder,
  removeDeadTemporaries,
  temporaryName,
} from '../../src/files/temporaries.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

/** What this process, one that has ended and one of another machine would name a temporary. */
function names(): { readonly living: string; readonly dead: string; readonly elsewhere: string } {
  const living = basename(temporaryName('unit'))
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const dead = living.replace(`-${process.pid}-`, `-${pid}-`)
  return { living, dead, elsewhere: dead.replace(/^\.tmp-(.)/, (_, digit) => `.tmp-${digit === '0' ? '1' : '0'}`) }
}

function leave(...way: readonly string[]): void {
  mkdirSync(inFolder(...way.slice(0, -1)), { recursive: true })
  writeFileSync(inFolder(...way), '')
}

/** Makes a file or folder one that was last changed two hours ago. */
function age(...way: readonly string[]): void {
  const time = Date.now() / 1000 - 7200
  utimesSync(inFolder(...way), time, time)
}

describe('temporaries that were left behind', () => {
  it('go when their process is dead, in every folder below, and stay while it lives', async () => {
    const { living, dead } = names()
    mkdirSync(inFolder('units', 'model', dead, 'content'), { recursive: true })
    mkdirSync(inFolder('units', 'model', living), { recursive: true })
    leave('units', dead)
    leave('units', living)
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder('units')).sort()).toEqual([living, 'model'].sort())
    expect(readdirSync(inFolder('units', 'model'))).toEqual([living])
  })

  it('of another machine stay, as does everything else', async () => {
    for (const name of [names().elsewhere, '.tmp-mine', '.tmp-', 'notes.txt']) leave(name)
    const before = readdirSync(inFolder())
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder())).toEqual(before)
  })

  it('of another machine go once they have not changed for a lease, whatever their dates are', async () => {
    vi.stubEnv('SHIFTSCOPE_LEASE', '1')
    const { elsewhere } = names()
    for (const name of ['silent', 'growing']) leave('units', `${elsewhere}-${name}`, 'half.npy')
    age('units', `${elsewhere}-silent`, 'half.npy')
    await removeDeadTemporaries(inFolder())
    await setTimeout(1100)
    writeFileSync(inFolder('units', `${elsewhere}-growing`, 'half.npy'), 'more')
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder('units'))).toEqual([`${elsewhere}-growing`])
  })

  it('are told by their name', () => {
    expect(isTemporaryName(names().living)).toBe(true)
    for (const name of ['unit.json', '.tmp', '.tmp-notes', 'a.tmp-0000000000000000-1-00000000-x']) {
      expect(isTemporaryName(name)).toBe(false)
    }
  })

  it('are no matter in a folder that does not exist', async () => {
    await expect(removeDeadTemporaries(inFolder('nothing'))).resolves.toBeUndefined()
  })

  it.each([
    ['a file', (path: string) => writeFileAtomic(path, 'text'), 1],
    ['a folder', (path: string) => writeFolderAtomic(path, async () => undefined), 1],
    ['a trial', (path: string) => makeWritableFolder(path.replace(/\/[^/]*$/, '')), 0],
  ])('go with the first thing that is written beside them: %s', async (_, write, more) => {
    const { living, dead, elsewhere } = names()
    for (const name of [living, dead, elsewhere, '.tmp-mine']) leave('out', name)
    for (const name of ['silent', 'growing']) leave('out', `${elsewhere}-${name}`, 'half.npy')
    leave('out', `${elsewhere}-file`)
    for (const name of ['silent', 'growing']) age('out', `${elsewhere}-${name}`)
    for (const name of [`${elsewhere}-file`, living]) age('out', name)
    age('out', `${elsewhere}-silent`, 'half.npy')
    leave('out', 'below', dead)
    await write(inFolder('out', 'written'))
    const left = [living, elsewhere, '.tmp-mine', `${elsewhere}-growing`, 'below']
    expect(readdirSync(inFolder('out')).sort()).toEqual([...left, ...(more ? ['written'] : [])].sort())
    // Each folder on its own, when something is written there.
    expect(existsSync(inFolder('out', 'below', dead))).toBe(true)
    await write(inFolder('out', 'below', 'written'))
    expect(existsSync(inFolder('out', 'below', dead))).toBe(false)
  })

  it('make room before anything is written', async () => {
    const { dead } = names()
    leave(dead)
    await writeFileAtomic(
      inFolder('file'),
      (function* () {
        yield Buffer.from(String(existsSync(inFolder(dead))))
      })(),
    )
    expect(statSync(inFolder('file')).size).toBe('false'.length)
  })
})

describe('a temporary folder', () => {
  it('is for its owner alone, and takes the place of those of the dead', async () => {
    vi.stubEnv('TMPDIR', inFolder('tmp'))
    const { living, dead, elsewhere } = names()
    for (const name of [living, dead, elsewhere]) leave('tmp', name, 'model.onnx')
    for (const name of [`${elsewhere}/model.onnx`, elsewhere]) age('tmp', name)
    const made = await makeTemporaryFolder()
    expect(statSync(made).mode & 0o777).toBe(0o700)
    expect(readdirSync(inFolder('tmp')).sort()).toEqual([living, elsewhere, basename(made)].sort())
  })
})
