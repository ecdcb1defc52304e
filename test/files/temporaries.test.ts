import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeWritableFolder, writeFileAtomic, writeFolderAtomic } from '../../src/files/atomic.js'
import { leaseSeconds } from '../../src/files/owner.js'
import {
  isTemporaryName,
  makeTemporaryFolder,
  ownerOfTemporary,
  removeDeadTemporaries,
  temporaryName,
} from '../../src/files/temporaries.js'
import { DEAD_PID } from '../support/deadProcess.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** How this process, one that has ended and one of another machine would name a temporary. */
function names(): { readonly living: string; readonly dead: string; readonly elsewhere: string } {
  const living = basename(temporaryName('unit'))
  const dead = living.replace(`-${process.pid}-`, `-${DEAD_PID}-`)
  return { living, dead, elsewhere: dead.replace(/^\.tmp-(.)/, (_, digit) => `.tmp-${digit === '0' ? '1' : '0'}`) }
}

function leave(...way: readonly string[]): void {
  mkdirSync(inFolder(...way.slice(0, -1)), { recursive: true })
  writeFileSync(inFolder(...way), '')
}

/** Makes a file or folder one that was last changed so many seconds ago. */
function age(seconds: number, ...way: readonly string[]): void {
  const time = Date.now() / 1000 - seconds
  utimesSync(inFolder(...way), time, time)
}

describe('temporaries that were left behind', () => {
  it('go when their process is dead, in every folder below, and stay while it lives', async () => {
    const { living, dead, elsewhere } = names()
    mkdirSync(inFolder('units', 'model', dead, 'content'), { recursive: true })
    for (const name of [living, elsewhere, '.tmp-mine', '.tmp-', 'notes.txt']) leave('units', 'model', name)
    leave('units', dead)
    const left = [living, elsewhere, '.tmp-mine', '.tmp-', 'notes.txt'].sort()
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder('units'))).toEqual(['model'])
    expect(readdirSync(inFolder('units', 'model')).sort()).toEqual(left)
    await expect(removeDeadTemporaries(inFolder('nothing'))).resolves.toBeUndefined()
  })

  it('of another machine go once they have not changed for a lease, whatever their dates are', async () => {
    const { elsewhere } = names()
    for (const name of ['silent', 'growing']) leave('units', `${elsewhere}-${name}`, 'half.npy')
    age(7200, 'units', `${elsewhere}-silent`, 'half.npy')
    age(7200, 'units', `${elsewhere}-growing`, 'half.npy')
    await removeDeadTemporaries(inFolder())
    vi.advanceTimersByTime(119_999)
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder('units'))).toHaveLength(2)
    age(7000, 'units', `${elsewhere}-growing`, 'half.npy')
    age(7200, 'units', `${elsewhere}-growing`)
    vi.advanceTimersByTime(1)
    await removeDeadTemporaries(inFolder())
    expect(readdirSync(inFolder('units'))).toEqual([`${elsewhere}-growing`])
  })

  it.each([
    ['a file', (path: string) => writeFileAtomic(path, 'text'), 1],
    ['a folder', (path: string) => writeFolderAtomic(path, async () => undefined), 1],
    ['a trial', (path: string) => makeWritableFolder(dirname(path)), 0],
  ])('go with the first thing that is written beside them: %s', async (_, write, more) => {
    const { living, dead, elsewhere } = names()
    for (const name of [living, dead, elsewhere, '.tmp-mine']) leave('out', name)
    for (const name of ['silent', 'growing']) leave('out', `${elsewhere}-${name}`, 'half.npy')
    leave('out', `${elsewhere}-file`)
    for (const name of ['silent', 'growing', 'file']) age(3700, 'out', `${elsewhere}-${name}`)
    age(3500, 'out', elsewhere)
    age(7200, 'out', living)
    age(3700, 'out', `${elsewhere}-silent`, 'half.npy')
    leave('out', 'below', dead)
    await write(inFolder('out', 'written'))
    const left = [living, elsewhere, '.tmp-mine', `${elsewhere}-growing`, 'below']
    expect(readdirSync(inFolder('out')).sort()).toEqual([...left, ...(more ? ['written'] : [])].sort())
    // Each folder on its own, when something is written there.
    expect(existsSync(inFolder('out', 'below', dead))).toBe(true)
    await write(inFolder('out', 'below', 'written'))
    expect(existsSync(inFolder('out', 'below', dead))).toBe(false)
    // A process looks once at a folder.
    leave('out', dead)
    await write(inFolder('out', 'again'))
    expect(existsSync(inFolder('out', dead))).toBe(true)
  })

  it('make room before anything is written', async () => {
    const { dead } = names()
    leave(dead)
    const content = (function* () {
      yield Buffer.from(String(existsSync(inFolder(dead))))
    })()
    await writeFileAtomic(inFolder('file'), content)
    expect(statSync(inFolder('file')).size).toBe('false'.length)
  })
})

it('the name of a temporary tells its process, and begins with the name of the file', () => {
  const name = basename(temporaryName('folder/ünit of many letters.json'))
  expect(name).toMatch(/^\.tmp-[0-9a-f]{16}-\d+-[0-9a-f]{8}-ünit of many let$/)
  expect(ownerOfTemporary(name)).toMatchObject({ pid: process.pid, started: '' })
  expect(isTemporaryName(name)).toBe(true)
  for (const other of [
    'unit.json',
    '.tmp',
    '.tmp-notes',
    '.tmp-01234567-12-89abcdef-x',
    'a.tmp-0000000000000000-1-00000000-x',
  ])
    expect([isTemporaryName(other), ownerOfTemporary(other)]).toEqual([false, undefined])
})

it('a temporary folder is for its owner alone, and takes the place of those of the dead', async () => {
  for (const name of ['TMPDIR', 'TEMP']) vi.stubEnv(name, inFolder('tmp'))
  const { living, dead, elsewhere } = names()
  for (const name of [living, dead, elsewhere]) leave('tmp', name, 'model.onnx')
  for (const name of [`${elsewhere}/model.onnx`, elsewhere]) age(7200, 'tmp', name)
  const made = await makeTemporaryFolder()
  if (process.platform !== 'win32') expect(statSync(made).mode & 0o777).toBe(0o700)
  expect(readdirSync(inFolder('tmp')).sort()).toEqual([living, elsewhere, basename(made)].sort())
})

it.each([
  ['', 120],
  ['soon', 120],
  ['0.9', 120],
  ['1', 1],
  ['2.5', 2.5],
  ['90000', 86_400],
])('a lease of %j is %f seconds', (text, seconds) => {
  vi.stubEnv('SHIFTSCOPE_LEASE', text)
  expect(leaseSeconds()).toBe(seconds)
})
