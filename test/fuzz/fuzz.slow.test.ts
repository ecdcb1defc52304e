import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { guardFiles } from './guardedFiles.js'
import { readers } from './readers.js'
import { openTrial } from './trial.js'

const inFolder = temporaryFolder()

it.each(readers)('$name withstands the first cases of a seed, each made from its number alone', async (reader) => {
  const { name, isExpensive = false } = reader
  mkdirSync(inFolder('first'))
  const trial = await openTrial(reader, 1, inFolder('first'))
  const results = new Set<string>()
  const count = randomCases(isExpensive ? 4 : 30)
  try {
    for (let caseNumber = 0; caseNumber < count; caseNumber++) {
      const drawn = trial.draw(caseNumber)
      expect(isDeepStrictEqual(trial.draw(caseNumber), drawn)).toBe(true)
      const { result, faults } = await trial.run(drawn)
      const where = `npm run fuzz -- --seed 1 --reader ${name} --case ${caseNumber}`
      expect(faults, where).toEqual([])
      if (!isExpensive) expect(await trial.run(drawn, true), `${where}, its files at once`).toEqual({ result, faults })
      results.add(result)
    }
  } finally {
    await trial.close()
  }
  if (!isExpensive) expect([...results].sort()).toEqual(['read', 'refused'])
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
