import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type OpenFile, withFile, withFileSync } from '../../src/files/openFile.js'
import { isInside } from '../../src/files/regularFile.js'
import { firstDamaged, sha256, sha256OfFile } from '../../src/files/sha256.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** A file of so many bytes, by a formula. */
function written(length: number): Buffer {
  const bytes = Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251))
  writeFileSync(inFolder('file'), bytes)
  return bytes
}

describe('an open file', () => {
  it('gives the bytes of any range, also across the piece that it keeps', async () => {
    const bytes = written(10_000)
    await withFile(inFolder('file'), async (file) => {
      expect([file.path, file.size]).toEqual([inFolder('file'), 10_000])
      for (const range of ['0-10000', '4090-4100', '4000-9999', '7-7', '9999-10000', '10-12']) {
        const [start = 0, end = 0] = range.split('-').map(Number)
        const expected = bytes.subarray(start, end)
        expect(file.bytesAt(start, end).equals(expected)).toBe(true)
        expect((await file.read({ offset: start, length: end - start })).equals(expected)).toBe(true)
      }
      for (const at of [0, 4095, 4096, 9999, 5000, 4999]) expect(file.byteAt(at)).toBe(bytes[at])
    })
    expect(withFileSync(inFolder('file'), ({ size }) => size)).toBe(10_000)
  })

  it('is shorter than a range that leaves it, or than it was', async () => {
    written(100)
    const tooShort = `${inFolder('file')} is cut off; download or copy it again`
    const refused = (use: (file: OpenFile) => unknown) =>
      messageOf(withFile(inFolder('file'), async (file) => use(file)))
    expect(await refused((file) => file.read({ offset: 1, length: 100 }))).toBe(tooShort)
    expect(await refused((file) => file.byteAt(100))).toBe(tooShort)
    expect(await refused((file) => file.bytesAt(90, 101))).toBe(tooShort)
    const cut = refused((file) => {
      truncateSync(inFolder('file'), 50)
      return file.read({ offset: 0, length: 100 })
    })
    expect(await cut).toBe(tooShort)
  })

  it('is not read once it is closed', async () => {
    written(3)
    const closed = await withFile(inFolder('file'), (file) => file)
    await expect(closed.read({ offset: 0, length: 1 })).rejects.toThrow('was read after it was closed')
    expect(() => closed.byteAt(0)).toThrow('was read after it was closed')
  })

  it('must be a file', async () => {
    const openSize = (path: string) => withFile(path, ({ size }) => size)
    for (const open of [openSize, sha256OfFile]) {
      expect(await messageOf(open(inFolder('x')))).toBe(`${inFolder('x')} does not exist; check the path`)
      expect(await messageOf(open(inFolder()))).toBe(`${inFolder()} is not a file; give the path of a file`)
    }
    written(1)
    expect(await messageOf(openSize(inFolder('file', 'x')))).toMatch(/file\/x cannot be read: ENOTDIR/)
  })
})

describe('SHA-256', () => {
  it('gives the digests of FIPS 180-4, however the bytes are cut', () => {
    expect(sha256()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect([sha256('abc'), sha256('a', Buffer.from('bc')), sha256(new Uint8Array(0), 'abc')]).toEqual([abc, abc, abc])
    expect(sha256('a'.repeat(1_000_000))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')
  })

  it.each([0, 2 ** 16, 2 ** 16 + 1, 2 ** 21 + 5])('of a file of %d bytes is that of all of them', async (length) => {
    const bytes = written(length)
    expect(await sha256OfFile(inFolder('file'))).toBe(sha256(bytes))
  })

  it('tells the first file that is missing or has changed', async () => {
    for (const name of ['a', 'b']) writeFileSync(inFolder(name), name)
    const damaged = (digests: Record<string, string>) => firstDamaged(inFolder(), digests)
    expect(await damaged({ a: sha256('a'), b: sha256('b') })).toBeUndefined()
    expect(await damaged({ a: sha256('a'), b: sha256('a'), c: '' })).toBe(inFolder('b'))
    expect(await damaged({ c: sha256(''), b: '' })).toBe(inFolder('c'))
  })
})

it.each([
  ['', true],
  ['a', true],
  ['..a', true],
  ['..', false],
  ['../a', false],
  ['../folders', false],
  ['a/../../b', false],
])('%j lies inside a folder: %s', (way, expected) => {
  expect(isInside('/some/folder', join('/some/folder', way))).toBe(expected)
})
