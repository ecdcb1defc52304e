import { closeSync, openSync, writeSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withFile } from '../../src/files/openFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('an open file gives a range of more than 2 GiB at once', async () => {
  const length = 2 ** 31 + 3
  const file = openSync(inFolder('file'), 'w')
  for (const at of [0, 2 ** 30, length - 1]) writeSync(file, Buffer.of(7), 0, 1, at)
  closeSync(file)
  const bytes = await withFile(inFolder('file'), (opened) => opened.read({ offset: 0, length }))
  expect(bytes.length).toBe(length)
  for (const at of [0, 2 ** 30, length - 1]) expect(bytes[at]).toBe(7)
})
