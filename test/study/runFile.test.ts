import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { thisOwner } from '../../src/files/owner.js'
import { readRun, writeRunFile } from '../../src/study/runFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('a run.json whose lists are too deep to be written again counts as damaged', async () => {
  const path = inFolder('run.json')
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  writeFileSync(path, `{"settings":{},"computed":1,"earlier":[${deep}]}`)
  const process = thisOwner()
  await writeRunFile(path, { process, settings: {}, computed: 1 })
  expect(await readRun(path)).toMatchObject({ process, computed: 1 })
})
