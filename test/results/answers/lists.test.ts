import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { listFile, readList, writeList } from '../../../src/results/answers/lists.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()

it.each([
  ['no photograph', []],
  ['plain names', ['a.png', 'b/c.jpg', '/absolute/d.jpg']],
  ['names of any characters', ['a\nb.png', '"quoted".png', "'=1+1.png", '=1+1.png', ' ', '', '\u202ef.png', '\\n.png']],
  ['names that look like JSON', ['"', '"a', '""', '[1]', 'null']],
])('a list of %s is read back', async (_, names) => {
  await writeList(folder(), names)
  expect(await readList(folder(), listFile(names))).toEqual(names)
})

it('the name of a list depends on its names and their order', () => {
  const lists = [['a', 'b'], ['b', 'a'], ['a\nb'], ['ab'], ['a', 'b', '']]
  expect(new Set(lists.map(listFile)).size).toBe(lists.length)
})

it('a list that is missing, damaged or elsewhere is not read', async () => {
  const names = ['a.png', 'b.png']
  const path = listFile(names)
  expect(await readList(folder(), path)).toBeUndefined()
  for (const text of ['a.png\nb.png', 'a.png\n', 'a.png\nb.png\nc.png\n', '"a.png\nb.png\n', '']) {
    mkdirSync(folder('lists'), { recursive: true })
    writeFileSync(folder(path), text)
    expect(await readList(folder(), path), JSON.stringify(text)).toBeUndefined()
  }
  await writeList(folder(), names)
  expect(await readList(folder(), path)).toEqual(names)
  renameSync(folder(path), folder('lists/00000000.txt'))
  for (const other of ['lists/00000000.txt', 'lists/../lists/00000000.txt', '/etc/passwd', 'run.json'])
    expect(await readList(folder(), other), other).toBeUndefined()
  rmSync(folder('lists'), { recursive: true })
  mkdirSync(folder(path), { recursive: true })
  expect(await readList(folder(), path)).toBeUndefined()
})
