import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
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
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const inFolder = temporaryFolder()

describe('writing a file', () => {
  it('keeps every byte of text, bytes and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array(), fc.array(fc.uint8Array())),
        async (content) => {
          await writeFileAtomic(inFolder('a', 'file'), content)
          const pieces = Array.isArray(content) ? content : [content]
          expect(readFileSync(inFolder('a', 'file'))).toEqual(Buffer.concat(pieces.map((piece) => Buffer.from(piece))))
        },
      ),
      { numRuns: 30 },
    )
    expect(readdirSync(inFolder('a'))).toEqual(['file'])
  })

  it('keeps the bytes of a view on a larger buffer', async () => {
    await writeFileAtomic(inFolder('file'), new Uint8Array([1, 2, 3, 4]).subarray(1, 3))
    expect([...readFileSync(inFolder('file'))]).toEqual([2, 3])
  })

  it('leaves the former file as it was when writing fails', async () => {
    await writeFileAtomic(inFolder('file'), 'former')
    const notBytes = ['new', { byteLength: 1 }] as unknown as readonly Uint8Array[]
    await expect(writeFileAtomic(inFolder('file'), notBytes)).rejects.toThrow()
    expect(readFileSync(inFolder('file'), 'utf8')).toBe('former')
    expect(readdirSync(inFolder())).toEqual(['file'])
  })

  it('takes a name as long as the file system does', async () => {
    const name = 'ü'.repeat(127)
    await writeFileAtomic(inFolder(name), 'text')
    expect(readdirSync(inFolder())).toEqual([name])
  })

  it('lets many writers of one name end with one whole file', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000))
    await Promise.all(contents.map((content) => writeFileAtomic(inFolder('file'), content)))
    expect(contents).toContain(readFileSync(inFolder('file'), 'utf8'))
    expect(readdirSync(inFolder())).toEqual(['file'])
  })
})

describe('writing a folder', () => {
  it('shows nothing under the final name before it is whole, and replaces what stood there', async () => {
    mkdirSync(inFolder('unit'))
    writeFileSync(inFolder('unit', 'former'), '')
    await writeFolderAtomic(inFolder('unit'), async (temporary) => {
      expect(dirname(temporary)).toBe(inFolder())
      writeFileSync(`${temporary}/new`, '')
      expect(readdirSync(inFolder('unit'))).toEqual(['former'])
    })
    expect(readdirSync(inFolder('unit'))).toEqual(['new'])
    expect(readdirSync(inFolder())).toEqual(['unit'])
  })

  it('leaves neither the folder nor a temporary when filling it fails', async () => {
    const failing = writeFolderAtomic(inFolder('unit'), async (temporary) => {
      writeFileSync(`${temporary}/half`, '')
      throw new UsageError('stopped on the way')
    })
    await expect(failing).rejects.toThrow(new UsageError('stopped on the way'))
    expect(readdirSync(inFolder())).toEqual([])
  })

  it('leaves the former folder as it was when filling its successor fails', async () => {
    mkdirSync(inFolder('unit'))
    writeFileSync(inFolder('unit', 'former'), '')
    await expect(writeFolderAtomic(inFolder('unit'), () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    )
    expect(readdirSync(inFolder('unit'))).toEqual(['former'])
  })
})

describe('failures of the file system', () => {
  it('name the path, the cause and the remedy: a file in the way', async () => {
    writeFileSync(inFolder('file'), '')
    for (const path of [inFolder('file', 'below', 'out.npy'), inFolder('file', 'out.npy')]) {
      const failing = writeFileAtomic(path, 'text')
      await expect(failing).rejects.toThrow(OutputError)
      await expect(failing).rejects.toThrow(
        `cannot write ${path}: a file stands where a folder is needed; choose another folder`,
      )
    }
    await expect(writeFolderAtomic(inFolder('file', 'unit'), async () => undefined)).rejects.toThrow(OutputError)
  })

  it('a folder in the way of a file', async () => {
    mkdirSync(inFolder('out.npy', 'full'), { recursive: true })
    await expect(writeFileAtomic(inFolder('out.npy'), 'text')).rejects.toThrow(/folder stands where a file is needed/)
    expect(readdirSync(inFolder())).toEqual(['out.npy'])
  })

  it.runIf(process.platform === 'linux')('refuses a folder in /proc instead of trying for ever', async () => {
    await expect(makeWritableFolder('/proc/shiftscope/below')).rejects.toThrow(OutputError)
  })

  it.skipIf(process.platform === 'win32')('takes no name from a device, a pipe or an open file', async () => {
    execFileSync('mkfifo', [inFolder('pipe')])
    symlinkSync('/dev/null', inFolder('null'))
    symlinkSync('/proc/self/fd/1', inFolder('stdout'))
    for (const name of ['pipe', 'null', 'stdout']) {
      const failing = writeFileAtomic(inFolder(name), 'text')
      await expect(failing).rejects.toThrow(OutputError)
      await expect(failing).rejects.toThrow(/a device or a pipe stands where a file is needed; choose another name/)
    }
    expect(lstatSync(inFolder('pipe')).isFIFO()).toBe(true)
    expect(readlinkSync(inFolder('null'))).toBe('/dev/null')
    expect(readlinkSync(inFolder('stdout'))).toBe('/proc/self/fd/1')
    expect(readdirSync(inFolder())).toHaveLength(3)
  })

  it('a folder in the way that is named by a point', async () => {
    mkdirSync(inFolder('folder'))
    await expect(writeFileAtomic(`${inFolder('folder')}/.`, 'x')).rejects.toThrow(
      /cannot write .*folder\/\.: (something in use|a folder) stands .*; choose another name/,
    )
    expect(readdirSync(inFolder('folder'))).toEqual([])
  })

  it('a link to a file gives way to the file', async () => {
    writeFileSync(inFolder('other'), 'other')
    symlinkSync(inFolder('other'), inFolder('link'))
    await writeFileAtomic(inFolder('link'), 'text')
    expect(readFileSync(inFolder('link'), 'utf8')).toBe('text')
    expect(readFileSync(inFolder('other'), 'utf8')).toBe('other')
  })

  it('makes all levels, also when others make them at the same time', async () => {
    for (let round = 0; round < 200; round++) {
      const deep = inFolder(String(round), 'b', 'c', 'd')
      await Promise.all(Array.from({ length: 8 }, () => makeFolders(deep)))
      expect(statSync(deep).isDirectory()).toBe(true)
    }
  })

  it('a link to nothing, and a name that is too long', async () => {
    symlinkSync(inFolder('nothing'), inFolder('link'))
    await expect(makeWritableFolder(inFolder('link'))).rejects.toThrow(OutputError)
    await expect(makeWritableFolder(inFolder('link'))).rejects.toThrow(/a file stands where a folder is needed/)
    await expect(writeFileAtomic(inFolder('link', 'file'), '')).rejects.toThrow(OutputError)
    await expect(writeFileAtomic(inFolder('x'.repeat(300)), '')).rejects.toThrow(/the name is too long for the file/)
    expect(readdirSync(inFolder())).toEqual(['link'])
  })

  it('a full disk leaves the former file', async (context) => {
    const disk = inFolder('disk')
    const mounted = await onTmpfs(disk, 'size=256k', async () => {
      writeFileSync(inFolder('disk', 'file'), 'former')
      const failing = writeFileAtomic(inFolder('disk', 'file'), new Uint8Array(1 << 20))
      await expect(failing).rejects.toThrow(OutputError)
      await expect(failing).rejects.toThrow(/the disk is full; free some space and run the same command again/)
      const folder = writeFolderAtomic(inFolder('disk', 'unit'), (temporary) =>
        writeFileAtomic(`${temporary}/similarity.npy`, new Uint8Array(1 << 20)),
      )
      await expect(folder).rejects.toThrow(/the disk is full/)
      expect(readdirSync(disk)).toEqual(['file'])
      expect(readFileSync(inFolder('disk', 'file'), 'utf8')).toBe('former')
    })
    if (!mounted) context.skip('a small file system cannot be mounted here')
  })

  it('a read-only file system', async (context) => {
    const mounted = await onTmpfs(inFolder('disk'), 'ro', async () => {
      await expect(writeFileAtomic(inFolder('disk', 'file'), 'text')).rejects.toThrow(
        /the file system is read-only; make it writable/,
      )
    })
    if (!mounted) context.skip('a read-only file system cannot be mounted here')
  })

  it('no permission', async (context) => {
    mkdirSync(inFolder('locked'), { mode: 0o555 })
    const root = process.geteuid?.() === 0
    if (process.platform === 'win32' || (root && statSync(inFolder()).uid !== 0)) context.skip('no other user to be')
    if (root) execFileSync('chmod', ['711', inFolder()])
    if (root) process.seteuid?.(65534)
    try {
      await expect(writeFileAtomic(inFolder('locked', 'file'), 'text')).rejects.toThrow(/no permission to write there/)
    } finally {
      if (root) process.seteuid?.(0)
    }
  })

  it('lets errors that say it themselves, and unexpected ones, pass as they are', () => {
    const known = new UsageError('size is wrong')
    const unexpected = new TypeError('not a function')
    expect(asOutputError('path', known)).toBe(known)
    expect(asOutputError('path', unexpected)).toBe(unexpected)
    expect(asOutputError('path', 'text')).toEqual(new Error('text'))
  })
})

describe('a folder that several writers replace at once', () => {
  it('is whole, whoever is last, and none of them fails', async () => {
    const folder = inFolder('contested')
    await Promise.all(
      Array.from({ length: 24 }, (_, writer) =>
        writeFolderAtomic(folder, async (temporary) => {
          writeFileSync(`${temporary}/a`, String(writer))
          writeFileSync(`${temporary}/b`, String(writer))
        }),
      ),
    )
    expect(readdirSync(folder)).toEqual(['a', 'b'])
    expect(readFileSync(`${folder}/a`, 'utf8')).toBe(readFileSync(`${folder}/b`, 'utf8'))
    expect(readdirSync(dirname(folder)).filter(isTemporaryName)).toEqual([])
  })
})
