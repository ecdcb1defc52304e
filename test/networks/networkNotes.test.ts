import { expect, it } from 'vitest'
import { catalog } from '../../src/networks/catalog/catalog.js'
import { imagenetClasses } from '../../src/networks/classes/imagenet.js'
import { answersNote, knownClasses } from '../../src/networks/open/notes.js'

it('only embedded networks have a note about photographs, whatever their files are called', () => {
  const embedded = catalog().filter(({ kind }) => kind === 'embedded')
  const notes = embedded.map(({ sha256 }) => answersNote({ weightsSha256: sha256 as string }))
  const note = 'This network knows emoji only, so its answers to a photograph mean nothing.'
  expect([notes.length > 0, new Set(notes)]).toEqual([true, new Set([note])])
  const hashes = catalog().flatMap(({ sources }) => sources.map(({ sha256 }) => sha256))
  expect(['', ...hashes].flatMap((weightsSha256) => answersNote({ weightsSha256 }) ?? [])).toEqual([])
})

it('names what a network knows: emoji, usual classes, or how many', () => {
  const embedded = catalog().find(({ kind }) => kind === 'embedded')?.sha256 as string
  const names = imagenetClasses()
  expect(knownClasses(embedded, 627, { 3: 'bird' })).toBe('627 emoji')
  expect(knownClasses('', 1000, { 3: names[3] as string, 998: names[998] as string })).toBe('ImageNet')
  expect(knownClasses('', 1001, { 0: 'background', 4: names[3] as string })).toBe('ImageNet')
  expect(knownClasses('', 80, { 0: 'person', 79: 'toothbrush' })).toBe('COCO')
  expect(knownClasses('', 1000, { 3: 'bird' })).toBe('1000 classes')
  expect(knownClasses('', 10, { 3: 'bird' })).toBe('10 classes')
})
