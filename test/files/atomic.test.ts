import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { OutputError, UsageError } from '../../src/errors.js'
import {
  asOutputError,
  makeFolders,
  makeWritableFolder,
  writeFileAtomic,
  writeFolderAtomic,
} from '../../src/files/atomic.js'
import { isTemporaryName } from '../../src/files/temporaries.js'
import { leftOut } from '../support/leftOut.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

describe('writing a file', () => {
  it.each([
    ['text', 'né\n', 'né\n'],
    ['bytes', new Uint8Array([1, 97, 98, 4]).subarray(1, 3), 'ab'],
    ['nothing', '', ''],
    ['pieces', [Buffer.from('a'), Buffer.from(''), Buffer.from('bc')], 'abc'],
  ])('keeps every byte of %s', async (_, content, expected) => {
    await writeFileAtomic(inFolder('a', 'b', 'file'), content)
    expect(readFileSync(inFolder('a', 'b', 'file'), 'utf8')).toBe(expected)
    expect(readdirSync(inFolder('a', 'b'))).toEqual(['file'])
  })

  it('leaves the former file as it was when writing fails', async () => {
    await writeFileAtomic(inFolder('file'), 'former')
    const notBytes = ['new', { byteLength: 1 }] as unknown as readonly Uint8Array[]
    await expect(writeFileAtomic(inFolder('file'), notBytes)).rejects.toThrow()
    expect(readFileSync(inFolder('file'), 'utf8')).toBe('former')
    expect(readdirSync(inFolder())).toEqual(['file'])
  })

  it('lets many writers of one name end with one whole file', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000))
    await Promise.all(contents.map((content) => writeFileAtomic(inFolder('file'), content)))
    expect(contents.includes(readFileSync(inFolder('file'), 'utf8'))).toBe(true)
    expect(readdirSync(inFolder())).toEqual(['file'])
  })

  it('takes the place of a link, not of the file that it names', async () => {
    writeFileSync(inFolder('other'), 'other')
    symlinkSync(inFolder('other'), inFolder('link'))
    await writeFileAtomic(inFolder('link'), 'text')
    expect(['link', 'other'].map((name) => readFileSync(inFolder(name), 'utf8'))).toEqual(['text', 'other'])
  })
})

describe('writing a folder', () => {
  it('shows nothing under the final name before it is whole, and replaces what stood there', async () => {
    mkdirSync(inFolder('unit'))
    writeFileSync(inFolder('unit', 'former'), '')
    const filled = await writeFolderAtomic(inFolder('unit'), async (temporary) => {
      expect(dirname(temporary)).toBe(inFolder())
      writeFileSync(`${temporary}/new`, '')
      expect(readdirSync(inFolder('unit'))).toEqual(['former'])
      return 'filled'
    })
    expect(filled).toBe('filled')
    expect(readdirSync(inFolder('unit'))).toEqual(['new'])
    expect(readdirSync(inFolder())).toEqual(['unit'])
  })

  it('leaves the former folder and no temporary when filling its successor fails', async () => {
    mkdirSync(inFolder('unit', 'former'), { recursive: true })
    const failing = writeFolderAtomic(inFolder('unit'), async (temporary) => {
      writeFileSync(`${temporary}/half`, '')
      throw new UsageError('stopped on the way')
    })
    await expect(failing).rejects.toThrow(new UsageError('stopped on the way'))
    expect(readdirSync(inFolder(), { recursive: true }).sort()).toEqual(['unit', 'unit/former'])
  })

  it('leaves the former folder if work before the replacement fails, whose error keeps its own path', async () => {
    mkdirSync(inFolder('unit', 'former'), { recursive: true })
    mkdirSync(inFolder('table', 'in the way'), { recursive: true })
    const failing = writeFolderAtomic(
      inFolder('unit'),
      async () => 'filled',
      (filled) => writeFileAtomic(inFolder('table'), filled),
    )
    await expect(failing).rejects.toThrow(`cannot write ${inFolder('table')}: there is a folder of this name`)
    expect(readdirSync(inFolder()).sort()).toEqual(['table', 'unit'])
    expect(readdirSync(inFolder('unit'))).toEqual(['former'])
  })

  it.each([
    ['while it is filled', true],
    ['before it is renamed', false],
  ])('keeps the former folder if its successor is taken away %s', async (_, whileFilled) => {
    mkdirSync(inFolder('unit', 'former'), { recursive: true })
    let temporary = ''
    const takeAway = () => rmSync(temporary, { recursive: true })
    const failing = writeFolderAtomic(
      inFolder('unit'),
      async (folder) => {
        temporary = folder
        if (whileFilled) takeAway()
      },
      async () => {
        if (!whileFilled) takeAway()
      },
    )
    await expect(failing).rejects.toThrow(`cannot write ${inFolder('unit')}: the folder cannot be made or has vanished`)
    expect(readdirSync(inFolder(), { recursive: true }).sort()).toEqual(['unit', join('unit', 'former')])
  })

  it('leaves the former or the new folder at whatever moment another program takes the new one away', async () => {
    for (let turns = 0; turns < 60; turns++) {
      const unit = inFolder(String(turns), 'unit')
      mkdirSync(join(unit, 'former'), { recursive: true })
      let taking: Promise<void> | undefined
      const written = await writeFolderAtomic(unit, async (temporary) => {
        mkdirSync(join(temporary, 'new'))
        taking = takeAwayAfter(turns, temporary)
      }).then(
        () => 'new',
        () => 'former',
      )
      await taking
      expect(readdirSync(unit)).toEqual([written])
    }
  })

  it('that several replace at once is whole, whoever is last, and none of them fails', async () => {
    const folder = inFolder('contested')
    const write = (writer: number) =>
      writeFolderAtomic(folder, async (temporary) => {
        for (const name of ['a', 'b']) writeFileSync(`${temporary}/${name}`, String(writer))
      })
    await Promise.all(Array.from({ length: 24 }, (_, writer) => write(writer)))
    expect(readdirSync(folder)).toEqual(['a', 'b'])
    expect(readFileSync(`${folder}/a`, 'utf8')).toBe(readFileSync(`${folder}/b`, 'utf8'))
    expect(readdirSync(inFolder()).filter(isTemporaryName)).toEqual([])
  })
})

/** Takes a folder away, if it is still there, after some turns of the event loop. */
async function takeAwayAfter(turns: number, folder: string): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
  await rename(folder, join(dirname(dirname(folder)), `taken after ${turns}`)).catch(() => undefined)
}

describe('failures of the file system', () => {
  const IN_THE_WAY = 'there is a file where a folder is needed; choose another folder'
  const NOWHERE = 'a link there names a folder that does not exist; make that folder, or choose another'

  it.each([
    ['file/out.npy', IN_THE_WAY],
    ['file/below/out.npy', IN_THE_WAY],
    ['dangling/file', NOWHERE],
    ['dangling/below/file', NOWHERE],
    ['folder', 'there is a folder of this name; choose another name'],
    ['x'.repeat(300), 'the name is too long for the file system; choose a shorter one'],
    ['null', 'it is a device or a pipe; choose the name of a file'],
    ['stdout', 'it is a device or a pipe; choose the name of a file'],
  ])('name the path, the cause and the remedy: %s', async (name, remedy) => {
    writeFileSync(inFolder('file'), '')
    mkdirSync(inFolder('folder', 'full'), { recursive: true })
    const links = { dangling: inFolder('nothing'), null: '/dev/null', stdout: '/proc/self/fd/1' }
    for (const [link, target] of Object.entries(links)) symlinkSync(target, inFolder(link))
    const failing = writeFileAtomic(inFolder(name), 'text')
    await expect(failing).rejects.toThrow(new OutputError(`cannot write ${inFolder(name)}: ${remedy}`))
    expect(readdirSync(inFolder()).sort()).toEqual(['dangling', 'file', 'folder', 'null', 'stdout'])
    for (const [link, target] of Object.entries(links)) expect(readlinkSync(inFolder(link))).toBe(target)
  })

  it('name the folder, not a temporary in it', async () => {
    writeFileSync(inFolder('file'), '')
    const refusal = (path: string, why = IN_THE_WAY) => new OutputError(`cannot write ${path}: ${why}`)
    const unit = inFolder('file', 'unit')
    await expect(writeFolderAtomic(unit, async () => undefined)).rejects.toThrow(refusal(unit))
    const filling = (temporary: string) =>
      writeFileAtomic(`${temporary}/a/b`, '').then(() => makeFolders(`${temporary}/a/b`))
    await expect(writeFolderAtomic(inFolder('unit'), filling)).rejects.toThrow(refusal(inFolder('unit')))
    symlinkSync(inFolder('nothing'), inFolder('link'))
    await expect(makeWritableFolder(inFolder('link'))).rejects.toThrow(refusal(inFolder('link'), NOWHERE))
    const below = inFolder('link', 'unit')
    await expect(writeFolderAtomic(below, async () => undefined)).rejects.toThrow(refusal(below, NOWHERE))
    expect(lstatSync(inFolder('link')).isSymbolicLink()).toBe(true)
  })

  it('are told where a point names the folder in the way', async () => {
    mkdirSync(inFolder('folder'))
    await expect(writeFileAtomic(`${inFolder('folder')}/.`, 'x')).rejects.toThrow(
      /cannot write .*folder\/\.: (the file or folder there is in use|there is a folder of this name).*; choose another name/,
    )
    expect(readdirSync(inFolder('folder'))).toEqual([])
  })

  it.skipIf(leftOut(!existsSync('/proc/self'), 'they need /proc'))(
    'end the attempt to make a folder in /proc',
    async () => {
      await expect(makeWritableFolder('/proc/shiftscope/below')).rejects.toThrow(OutputError)
    },
  )

  it('tell of a missing permission', async (context) => {
    mkdirSync(inFolder('locked'), { mode: 0o555 })
    const root = process.geteuid?.() === 0
    const isAlone = process.platform === 'win32' || (root && (!isMainThread || statSync(inFolder()).uid !== 0))
    context.skip(isAlone, 'no other user to be')
    if (root) {
      chmodSync(inFolder(), 0o711)
      process.seteuid?.(65534)
    }
    try {
      await expect(writeFileAtomic(inFolder('locked', 'file'), '')).rejects.toThrow(/no permission to write there/)
    } finally {
      if (root) process.seteuid?.(0)
    }
  })

  it('pass as they are where they say it themselves, or are unexpected', () => {
    const known = new UsageError('size is wrong')
    const unexpected = new TypeError('not a function')
    expect(asOutputError('path', known)).toBe(known)
    expect(asOutputError('path', unexpected)).toBe(unexpected)
    expect(asOutputError('path', 'text')).toEqual(new Error('text'))
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    const remedy = 'cannot write path: the disk is full; free some space and run the same command again'
    expect(asOutputError('path', full)).toEqual(new OutputError(remedy, { cause: full }))
  })
})

it('making folders makes all levels, also when others make them at the same time', async () => {
  for (let round = 0; round < 30; round++) {
    const deep = inFolder(String(round), 'b', 'c', 'd')
    await Promise.all(Array.from({ length: 8 }, () => makeFolders(deep)))
    expect(statSync(deep).isDirectory()).toBe(true)
  }
  await makeWritableFolder(inFolder('x', 'y'))
  expect(readdirSync(inFolder('x'), { recursive: true })).toEqual(['y'])
})
