import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporaryFolder.js'
import { drawCase, formats, readCorpus } from './formats.js'
import { guardFiles } from './guardedFiles.js'
import { randomOf } from './random.js'
import { tryCase } from './trial.js'

const corpus = readCorpus(join(import.meta.dirname, '../golden'))
const inFolder = temporaryFolder()

it('a case depends on its seed and number alone', () => {
  for (let caseNumber = 0; caseNumber < 50; caseNumber++) {
    const draw = () => drawCase(randomOf(3, caseNumber), corpus, inFolder('scratch'))
    expect(draw()).toEqual(draw())
  }
})

it('readers withstand the first cases of a seed, of which some are read and some refused in every format', async () => {
  mkdirSync(inFolder('inside'))
  writeFileSync(inFolder('inside', 'data.bin'), Buffer.alloc(64))
  const inside = realpathSync(inFolder('inside'))
  const guard = guardFiles(inside)
  try {
    const results = new Set<string>()
    for (let caseNumber = 0; caseNumber < 1000; caseNumber++) {
      const drawn = drawCase(randomOf(1, caseNumber), corpus, join(inside, 'scratch'))
      const { result, faults } = await tryCase(inside, drawn, guard)
      expect(faults, `npm run fuzz -- --seed 1 --case ${caseNumber}`).toEqual([])
      results.add(`${drawn.format} ${result}`)
    }
    expect(results.size).toBe(2 * formats.length)
  } finally {
    guard.release()
  }
})

it('a file outside of the folder is noticed, and a range beyond the end', async () => {
  mkdirSync(inFolder('inside'))
  writeFileSync(inFolder('inside', 'small'), 'abc')
  writeFileSync(inFolder('outside'), '')
  const guard = guardFiles(realpathSync(inFolder('inside')))
  try {
    await (await open(inFolder('outside'))).close()
    const file = await open(inFolder('inside', 'small'))
    await file.read(Buffer.alloc(3), 0, 3, 1)
    await file.close()
    expect(guard.takeViolations()).toEqual([`opened ${realpathSync(inFolder('outside'))}`, 'read bytes 1 to 4 of 3'])
  } finally {
    guard.release()
  }
})
