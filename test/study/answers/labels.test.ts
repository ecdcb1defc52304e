import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { imagenetClasses } from '../../../src/networks/classes/imagenet.js'
import { readLabels, rightClasses } from '../../../src/study/answers/labels.js'
import { messageOf } from '../../support/messageOf.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()

const small = { id: 'small', classes: { names: ['cat', 'dog', 'great white shark'] } }
const mobilenet = { id: 'mobilenet', classes: { names: ['background', ...imagenetClasses()] } }

const named = (...names: readonly string[]) => names.map((name) => ({ name, path: `/photographs/${name}` }))
const files = named('a.jpg', 'b.jpg', 'one/c.jpg', 'one/d.jpg', 'two/d.jpg')

/** What a file with this text says of the photographs: the right classes of a network, and the notes. */
async function read(text: string | Uint8Array, network = small, photographs = files) {
  writeFileSync(folder('labels.csv'), text)
  const notes: string[] = []
  const labels = await readLabels(folder('labels.csv'), photographs, [network], (line) => notes.push(line))
  return { right: Object.fromEntries(rightClasses(labels as NonNullable<typeof labels>, network)), notes, labels }
}

/** The message of the error for a file with this text, in which the file has no folder. */
async function refusal(text: string | Uint8Array, network = small) {
  return (await messageOf(read(text, network))).replaceAll(folder('labels.csv'), 'labels.csv')
}

describe('a file with labels', () => {
  it('is read by its headings', async () => {
    const text = 'Label,url,File\r\ncat,"http://a, b",a.jpg\r\n"dog ; 2",,b.jpg\r\n'
    expect((await read(text)).right).toEqual({ 'a.jpg': [0], 'b.jpg': [1, 2] })
    for (const file of ['file_name', 'photograph', 'path'])
      expect((await read(`${file},class\na.jpg,dog\n`)).right).toEqual({ 'a.jpg': [1] })
  })

  it('is read by its first two columns if it has no headings', async () => {
    expect((await read('a.jpg,Great_White_Shark,x\none/c.jpg,0')).right).toEqual({ 'a.jpg': [2], 'one/c.jpg': [0] })
  })

  it('names photographs by their paths or by the names of their files', async () => {
    expect((await read('c.jpg,0\n./a.jpg,1\none/../b.jpg,2\ntwo/d.jpg,0')).right).toEqual({
      ...{ 'one/c.jpg': [0], 'a.jpg': [1], 'b.jpg': [2], 'two/d.jpg': [0] },
    })
    const both = named('a.jpg', 'one/a.jpg')
    expect((await read('a.jpg,0\none/a.jpg,1', small, both)).right).toEqual({ 'a.jpg': [0], 'one/a.jpg': [1] })
    const absolute = named('/x/a.jpg', '/y/b.jpg')
    expect((await read('a.jpg,0\n/y/b.jpg,1', small, absolute)).right).toEqual({ '/x/a.jpg': [0], '/y/b.jpg': [1] })
  })

  it('may have a byte order mark, lines that say the same, and photographs without a class', async () => {
    const { right, notes } = await read('\ufefffile,class\na.jpg,dog;cat\na.jpg, cat;dog;cat\nb.jpg,\n')
    expect(right).toEqual({ 'a.jpg': [0, 1] })
    expect(notes).toEqual(['without a label, and so without accuracy: 4 of 5 photographs'])
  })

  it('is recorded by its path', async () => {
    expect((await read('a.jpg,0')).labels?.source).toBe(folder('labels.csv'))
  })

  it('has indices and identifiers of ImageNet, which count from after the background', async () => {
    expect((await read('a.jpg,883\nb.jpg,n01440764\nc.jpg,"tabby, tabby cat"', mobilenet)).right).toEqual({
      ...{ 'a.jpg': [884], 'b.jpg': [1], 'one/c.jpg': [282] },
    })
  })

  it.each([
    ['an unknown photograph', 'file,class\na.jpg,cat\n\nx.jpg,cat', 'labels.csv line 4: there is no photograph x.jpg'],
    ['an unknown photograph without a class', 'x.jpg,', 'labels.csv line 1: there is no photograph x.jpg'],
    [
      'the name of two photographs',
      'd.jpg,cat',
      'line 1: several photographs are named d.jpg; give a path such as a.jpg',
    ],
    [
      'an unknown class',
      'a.jpg,cat\nb.jpg,cat;dgo',
      'labels.csv line 2: small has no class dgo; use an index, or a name such as "dog"',
    ],
    ['an unknown index', 'a.jpg,3', 'labels.csv line 1: small has no class 3; use a smaller index'],
    ['the text of a prototype', 'a.jpg,__proto__', 'labels.csv line 1: small has no class __proto__'],
    [
      'lines that disagree',
      'a.jpg,cat\nb.jpg,dog\na.jpg,dog',
      'line 3: a.jpg has other classes than in labels.csv line 1',
    ],
    ['no labels', 'file,class\n', 'no photograph gets a label from labels.csv'],
    ['nothing', '', 'no photograph gets a label from labels.csv'],
    ['one column', 'a.jpg\nb.jpg\n', 'no photograph gets a label from labels.csv'],
    ['no heading of a class', 'file,kind\na.jpg,cat', 'labels.csv line 1 has no column named class; rename the column'],
    [
      'no heading of a file',
      'picture,label\na.jpg,cat',
      'labels.csv line 1 has no column named file; rename the column',
    ],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x61), 'labels.csv is not a text file in UTF-8'],
    ['zeros', 'a\0,cat', 'labels.csv is not a text file in UTF-8'],
    ['a quote without end', 'a.jpg,"cat', 'labels.csv line 1 has a quote without end'],
  ])('is refused with %s', async (_, text, message) => {
    expect(await refusal(text)).toContain(message)
  })

  it('is refused if a word may be two classes', async () => {
    expect(await refusal('a.jpg,CARDIGAN', mobilenet)).toMatch(
      /line 1: mobilenet has several classes CARDIGAN; give an index/,
    )
  })

  it('is refused if one of the networks has no such class', async () => {
    writeFileSync(folder('labels.csv'), 'a.jpg,dog\nb.jpg,tench\n')
    const reading = readLabels(folder('labels.csv'), files, [mobilenet, small], () => undefined)
    expect(await messageOf(reading)).toMatch(/line 2: small has no class tench/)
  })

  it('is refused if it is missing, a folder or too large', async () => {
    const reading = (name: string) => messageOf(readLabels(folder(name), files, [small], () => undefined))
    expect(await reading('none.csv')).toMatch(/none\.csv does not exist; check the path/)
    mkdirSync(folder('a'))
    expect(await reading('a')).toMatch(/is not a file/)
    writeFileSync(folder('large.csv'), 'a.jpg,cat')
    truncateSync(folder('large.csv'), (1 << 26) + 1)
    expect(await reading('large.csv')).toMatch(/large\.csv is larger than 64 MiB/)
  })
})

describe('folders', () => {
  /** What the folders of photographs say without and with the option. */
  async function byFolder(
    option: 'folders' | undefined,
    networks: readonly (typeof small)[],
    ...names: readonly string[]
  ) {
    const notes: string[] = []
    const labels = await readLabels(option, named(...names), networks, (line) => notes.push(line))
    return { right: labels && Object.fromEntries(rightClasses(labels, networks[0] as typeof small)), notes, labels }
  }

  it('are labels if each names a class in each network', async () => {
    const names = ['dog/a.jpg', 'x/great_white_shark/b.jpg', '/y/cat/c.jpg']
    const { right, notes, labels } = await byFolder(undefined, [small], ...names)
    expect(right).toEqual({ 'dog/a.jpg': [1], 'x/great_white_shark/b.jpg': [2], '/y/cat/c.jpg': [0] })
    expect(notes).toEqual(['the photographs are labelled by the names of their folders'])
    expect(labels?.source).toBe('folders')
    const wnids = await byFolder(undefined, [mobilenet], 'n01440764/a.jpg', 'dog/b.jpg')
    expect(wnids.right?.['n01440764/a.jpg']).toEqual([1])
    expect(wnids.right?.['dog/b.jpg']).toHaveLength(118)
  })

  it.each([
    ['a photograph is in no folder', ['dog/a.jpg', 'b.jpg'], 'name of the folder "."'],
    ['a folder names no class', ['dog/a.jpg', 'holiday/b.jpg', 'cat/c.jpg'], 'name of the folder "holiday"'],
    ['a folder is a number', ['dog/a.jpg', '2/b.jpg'], 'name of the folder "2"'],
  ])('are no labels, with a note, if %s', async (_, names, note) => {
    const { right, notes } = await byFolder(undefined, [small], ...names)
    expect(right).toBeUndefined()
    expect(notes).toEqual([`the photographs have no labels, because no class has the ${note}`])
  })

  it('are no labels if a second network has no such class', async () => {
    expect(await byFolder(undefined, [mobilenet, small], 'tench/a.jpg')).toMatchObject({ right: undefined, notes: [] })
  })

  it.each([
    ['there are none', ['a.jpg', '../b.jpg']],
    ['all are numbers', ['0/a.jpg', '1/b.jpg']],
    ['all are years', ['2024/a.jpg', '2025/b.jpg']],
    ['none names a class', ['holiday/a.jpg', 'garden/b.jpg']],
    ['one may be two classes', ['CARDIGAN/a.jpg']],
  ])('are no labels, without a note, if %s', async (_, names) => {
    const { right, notes } = await byFolder(undefined, [mobilenet], ...names)
    expect([right, notes]).toEqual([undefined, []])
  })

  it('are labels with the option, also numbers, and photographs outside have none', async () => {
    const { right, notes } = await byFolder('folders', [small], '0/a.jpg', '2/b.jpg', 'c.jpg')
    expect(right).toEqual({ '0/a.jpg': [0], '2/b.jpg': [2] })
    expect(notes).toEqual(['without a label, and so without accuracy: 1 of 3 photographs'])
  })

  it('are refused with the option if one names no class, or if there is none', async () => {
    expect(await messageOf(byFolder('folders', [small], 'dog/a.jpg', 'dgo/b.jpg'))).toMatch(
      /^dgo\/b\.jpg: small has no class dgo; use an index, or a name such as "dog"/,
    )
    expect(await messageOf(byFolder('folders', [small], 'a.jpg'))).toMatch(/^no photograph gets a label from folders/)
  })
})
