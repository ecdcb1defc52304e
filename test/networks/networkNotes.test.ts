import { expect, it } from 'vitest'
import { catalog } from '../../src/networks/index.js'
import { answersNote } from '../../src/networks/networkNotes.js'

it('only embedded networks have a note about photographs, whatever their files are called', () => {
  const embedded = catalog().filter(({ kind }) => kind === 'embedded')
  const notes = embedded.map(({ sha256 }) => answersNote({ weightsSha256: sha256 as string }))
  const note = 'This network knows emoji only, so its answers to a photograph mean nothing.'
  expect([notes.length > 0, new Set(notes)]).toEqual([true, new Set([note])])
  const hashes = catalog().flatMap(({ sources }) => sources.map(({ sha256 }) => sha256))
  expect(['', ...hashes].flatMap((weightsSha256) => answersNote({ weightsSha256 }) ?? [])).toEqual([])
})
