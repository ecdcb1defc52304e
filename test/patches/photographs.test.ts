import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { sha256OfFile } from '../../src/files/sha256.js'
import { findPhotographs, middleStart, readPhotograph } from '../../src/patches/photographs.js'
import type { Reading } from '../../src/patches/reading.js'
import { sourceSide } from '../../src/patches/sizes.js'
import { leftOut } from '../support/leftOut.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

it('finds the pictures below a folder by path, and those of a list relative to it, each once', async () => {
  mkdirSync(folder('b'))
  for (const name of ['c.JPEG', 'b/z.png', 'b/a.jpg', '.hidden.png', 'notes.md']) writeFileSync(folder(name), 'x')
  writeFileSync(folder('list.txt'), 'c.JPEG\r\n\nb/z.png\nc.JPEG\n')
  const names = async (source: string) => (await findPhotographs(source)).map(({ name }) => name)
  expect(await names(folder())).toEqual(['b/a.jpg', 'b/z.png', 'c.JPEG'])
  expect(await names(folder('list.txt'))).toEqual(['c.JPEG', 'b/z.png'])
  writeFileSync(folder('list.txt'), 'none.png')
  await expect(findPhotographs(folder('list.txt'))).rejects.toThrow(/none\.png: no such file; correct the list/)
})

it('finds links to pictures in a folder, but no links to anything else', async () => {
  mkdirSync(folder('links'))
  writeFileSync(folder('a.png'), 'x')
  symlinkSync('../a.png', folder('links/b.png'))
  symlinkSync('nothing', folder('links/c.png'))
  symlinkSync('.', folder('links/d.png'))
  expect(await findPhotographs(folder('links'))).toEqual([{ name: 'b.png', path: folder('links/b.png') }])
})

it('says how many links lead nowhere, and how many items with the name of a picture are not files', async () => {
  mkdirSync(folder('a/b'), { recursive: true })
  for (const name of ['a.png', 'a/a.png']) writeFileSync(folder(name), 'x')
  for (const name of ['a/b.png', 'a/b/c.jpg', 'a/notes.md']) symlinkSync('nothing', folder(name))
  symlinkSync('../a.png', folder('a/d.png'))
  symlinkSync('b', folder('a/e.png'))
  const { names, notes } = await foundBelow(folder('a'))
  expect(names).toEqual(['a.png', 'd.png'])
  expect(notes).toEqual([
    `skipping 2 links that lead nowhere in ${folder('a')}: "b.png", "b/c.jpg"`,
    `skipping 1 item that is not a file but a folder, a pipe or a device in ${folder('a')}: "e.png"`,
  ])
})

it.skipIf(leftOut(process.platform === 'win32', 'Windows has no named pipes in folders'))(
  'says that it skips a pipe',
  async () => {
    mkdirSync(folder('a'))
    writeFileSync(folder('a/a.png'), 'x')
    execFileSync('mkfifo', [folder('a/x.jpg')])
    expect(await foundBelow(folder('a'))).toEqual({
      names: ['a.png'],
      notes: [`skipping 1 item that is not a file but a folder, a pipe or a device in ${folder('a')}: "x.jpg"`],
    })
  },
)

/** What is found below the folder, and the notes about what is left out. */
async function foundBelow(path: string) {
  const notes: string[] = []
  const files = await findPhotographs(path, (line) => notes.push(line))
  return { names: files.map(({ name }) => name), notes }
}

it.skipIf(leftOut(process.platform !== 'linux', 'other systems refuse names that are not UTF-8'))(
  'skips pictures and folders whose names are not UTF-8, with a note',
  async () => {
    const named = (name: string) => Buffer.concat([Buffer.from(folder('a')), Buffer.from(name, 'latin1')])
    for (const name of ['', '/b']) mkdirSync(folder(`a${name}`))
    for (const name of ['a/c.png', 'a/b/ü.png', 'a/b/\ufffd.png']) writeFileSync(folder(name), 'x')
    writeFileSync(named('/b/\xfc.png'), 'x')
    mkdirSync(named('/\xe9'))
    writeFileSync(named('/\xe9/d.png'), 'x')
    const { names, notes } = await foundBelow(folder('a'))
    expect(names).toEqual(['b/ü.png', 'b/\ufffd.png', 'c.png'])
    expect(notes.sort()).toEqual([
      `skipping ${folder('a/b/\ufffd.png')}: its name is not UTF-8; rename it`,
      `skipping ${folder('a/\ufffd')}: its name is not UTF-8; rename it`,
    ])
  },
)

it('skips a folder that it may not read, with a note', async (context) => {
  for (const name of ['a', 'a/b']) mkdirSync(folder(name))
  for (const name of ['a/c.png', 'a/b/d.png']) writeFileSync(folder(name), 'x')
  const root = process.geteuid?.() === 0
  const isAlone = process.platform === 'win32' || (root && (!isMainThread || statSync(folder()).uid !== 0))
  context.skip(isAlone, 'no other user to be')
  chmodSync(folder('a/b'), 0)
  chmodSync(folder(), 0o711)
  if (root) process.seteuid?.(65534)
  try {
    expect(await foundBelow(folder('a'))).toEqual({
      names: ['c.png'],
      notes: [`skipping the folder ${folder('a/b')}: it cannot be read (EACCES); allow reading it`],
    })
  } finally {
    if (root) process.seteuid?.(0)
    chmodSync(folder('a/b'), 0o755)
  }
})

it('keeps the square in the middle; transparent pixels are white, or keep their colour as in torchvision', async () => {
  // 32 of 40 columns are kept: four at either edge go.
  const data = Uint8Array.from({ length: 32 * 40 * 4 }, (_, i) => (i % 4 === 3 ? 255 : Math.floor(i / 4) % 40))
  data[(5 * 40 + 9) * 4 + 3] = 0
  await sharp(data, { raw: { width: 40, height: 32, channels: 4 } })
    .png()
    .toFile(folder('a.png'))
  const [file] = await findPhotographs(folder('a.png'))
  const read = (reading: Reading) =>
    readPhotograph(file as NonNullable<typeof file>, { frameSide: 28, side: 32 }, reading)
  const { image, sha256 } = await read('display')
  expect(sha256).toBe(await sha256OfFile(folder('a.png')))
  const redOf = (pixel: number) => image.data[pixel * 4]
  expect(image.rows).toBe(32)
  expect([0, 31, 5 * 32 + 5, 5 * 32 + 6].map(redOf)).toEqual([4, 35, 255, 10])
  expect(image.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true)
  expect((await read('torchvision')).image.data[(5 * 32 + 5) * 4]).toBe(9)
})

// Rows where torchvision 0.21's CenterCrop begins.
it.each([
  [160, 12],
  [192, 14],
  [224, 16],
  [299, 22],
  [300, 22],
  [384, 28],
])('cuts a frame of %i px out of the middle as torchvision does', (frame, first) => {
  expect(middleStart(sourceSide(frame), frame)).toBe(first)
})
