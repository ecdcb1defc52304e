import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sealOf, writeSealedJson } from '../../src/files/sealedJson.js'
import { writeReport } from '../../src/report/report.js'
import { openUnit } from '../../src/results/store/openUnit.js'
import { renewMeasures } from '../../src/results/store/renewedMeasures.js'
import { measureUnit } from '../../src/results/store/storedMeasures.js'
import { unitFolder } from '../../src/results/store/units.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { inputs, madeUnit, storeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

const folderOf = (patch: string) => unitFolder(inFolder(), { ...inputs, patch })
const measuresFile = (patch: string) => join(folderOf(patch), 'measures.json')
const textOf = (patch: string) => readFileSync(measuresFile(patch), 'utf8')

const FAULTS: readonly (readonly [string, () => void])[] = [
  ['are missing', () => rmSync(measuresFile('car'))],
  ['are of another version', () => writeFileSync(measuresFile('car'), textOf('car').replace('answer-kept', 'old'))],
  ['are damaged', () => writeFileSync(measuresFile('car'), textOf('car').replace('0.9', '0.8'))],
]

describe('measures of a unit', () => {
  it('are stored with it, and are those of its maps', async () => {
    const unit = await storeUnit(inFolder())
    const { maps } = madeUnit()
    expect(await (await openUnit(inFolder(), folderOf('car'))).measures()).toEqual(measureUnit(unit, maps))
  })

  it('of another unit count as missing', async () => {
    await storeUnit(inFolder(), { patch: 'dog' }, 0.5)
    await storeUnit(inFolder())
    const car = await openUnit(inFolder(), folderOf('car'))
    const own = await car.measures()
    writeFileSync(measuresFile('car'), textOf('dog'))
    expect(await car.measures()).toEqual(own)
  })

  it.each([
    ['no layer', []],
    ['no mean similarity', [{}]],
  ] as const)('that somebody else wrote with %s count as damaged', async (_, layers) => {
    const description = await storeUnit(inFolder())
    const unit = await openUnit(inFolder(), folderOf('car'))
    const own = await unit.measures()
    const { version } = JSON.parse(textOf('car'))
    await writeSealedJson(measuresFile('car'), z.any(), { version, unit: sealOf(description), layers })
    expect(await unit.measures()).toEqual(own)
  })

  it.each(FAULTS)('that %s are computed from its arrays, and written again with the same bytes', async (_, damage) => {
    for (const patch of ['car', 'dog']) await storeUnit(inFolder(), { patch })
    const unit = await openUnit(inFolder(), folderOf('car'))
    const [measures, text] = [await unit.measures(), textOf('car')]
    const { mtimeNs } = statSync(measuresFile('dog'), { bigint: true })
    damage()
    expect(await unit.measures()).toEqual(measures)
    const told: number[] = []
    await renewMeasures(['car', 'dog'].map(folderOf), {
      onStart: (units) => told.push(units),
      onUnit: (done) => told.push(done),
    })
    expect(told).toEqual([1, 1])
    expect(textOf('car')).toBe(text)
    expect(statSync(measuresFile('dog'), { bigint: true }).mtimeNs).toBe(mtimeNs)
  })

  it('are renewed by a report, which then has the same numbers', async () => {
    await storeUnit(inFolder())
    const stored = textOf('car')
    await writeReport(inFolder())
    const metrics = readFileSync(inFolder('metrics.csv'), 'utf8')
    rmSync(measuresFile('car'))
    await writeReport(inFolder())
    expect([textOf('car'), readFileSync(inFolder('metrics.csv'), 'utf8')]).toEqual([stored, metrics])
  })

  it('of a unit with a damaged array cannot be renewed, and a report names the array', async () => {
    await storeUnit(inFolder())
    rmSync(measuresFile('car'))
    writeFileSync(join(folderOf('car'), 'similarity.npy'), '')
    await expect(writeReport(inFolder())).rejects.toThrow('similarity.npy')
  })
})
