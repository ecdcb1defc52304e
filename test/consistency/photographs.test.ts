import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { findPhotographs, readPhotograph } from '../../src/consistency/photographs.js'
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
  expect(await findPhotographs(folder('links'))).toMatchObject([
    { name: 'b.png', version: expect.stringMatching(/^1 /) },
  ])
})

it('keeps the square in the middle, transparent pixels white', async () => {
  // 32 of 40 columns are kept: four at either edge go.
  const data = Uint8Array.from({ length: 32 * 40 * 4 }, (_, i) => (i % 4 === 3 ? 255 : Math.floor(i / 4) % 40))
  data[(5 * 40 + 9) * 4 + 3] = 0
  await sharp(data, { raw: { width: 40, height: 32, channels: 4 } })
    .png()
    .toFile(folder('a.png'))
  const [file] = await findPhotographs(folder('a.png'))
  const { rows, data: rgb } = await readPhotograph(file as NonNullable<typeof file>, 28)
  expect(rows).toBe(32)
  expect([rgb[0], rgb[31 * 3], rgb[(5 * 32 + 5) * 3], rgb[(5 * 32 + 6) * 3]]).toEqual([4, 35, 255, 10])
})
