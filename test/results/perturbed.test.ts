import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { type Metric, metricsCsv } from '../../src/results/metrics.js'
import { MOST_PERTURBATIONS } from '../../src/results/perturbed.js'
import { reportStamp } from '../../src/results/reportStamp.js'
import { readStudy, type StudyGroup, unplannedPatches } from '../../src/results/study.js'
import { summarize } from '../../src/results/summary.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { findUnit, unitFolder, writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { arraysOf, inputs, madeUnit } from './study.js'

const inFolder = temporaryFolder()

async function store(changes: Partial<UnitInputs>, level: number): Promise<string> {
  const { unit, maps } = madeUnit(changes, level)
  await writeUnit(inFolder(), unit, arraysOf(unit, maps))
  return unitFolder(inFolder(), unit.inputs)
}

/** A unit of a changed patch: of the one whose picture has the hash of `inputs`. */
function changed(number: number, changes: Partial<UnitInputs> = {}, of = inputs.patchSha256): Partial<UnitInputs> {
  return { patchSha256: `changed ${number}`, perturbation: { number, seed: 0, of }, ...changes }
}

async function group(): Promise<StudyGroup> {
  const [found, ...more] = await readStudy(inFolder(), [])
  expect(more).toEqual([])
  return found as StudyGroup
}

function similarityOf(metrics: readonly Metric[], patch = 'car') {
  return metrics.find(
    (one) =>
      one.patch === patch &&
      one.layer === 'fc6' &&
      one.measure.metric === 'similarity-mean' &&
      one.measure.variant === 'top-left',
  )
}

describe('units of changed patches', () => {
  it('lie beside the units, by their numbers, and are found there alone', async () => {
    await store({}, 0.9)
    expect(await store(changed(3), 0.8)).toBe(inFolder('perturbed', '3', 'units', 'alexnet', '125', 'car'))
    const wanted = { ...inputs, ...changed(3) } as UnitInputs
    expect(await findUnit(inFolder(), wanted)).toMatchObject({ state: 'finished' })
    expect(await findUnit(inFolder(), inputs)).toMatchObject({ state: 'finished' })
    const { perturbation } = changed(3, {}, 'another')
    expect(await findUnit(inFolder(), { ...wanted, perturbation })).toEqual({
      state: 'other',
      differences: ['another perturbation'],
    })
  })

  it('give each number the largest change among them as its spread', async () => {
    await store({}, 0.9)
    await store({ patch: 'dog' }, 0.5)
    await store(changed(1), 0.91)
    await store(changed(2), 0.86)
    await store(changed(2, { patch: 'dog' }), 0.51)
    const { metrics, perturbed } = await group()
    expect(similarityOf(metrics)).toMatchObject({ value: 0.9, spread: expect.closeTo(0.04, 12) })
    expect(similarityOf(metrics, 'dog')).toMatchObject({ value: 0.5, spread: expect.closeTo(0.01, 12) })
    expect(perturbed.map((list) => similarityOf(list)?.value)).toEqual([0.91, 0.86])
    expect(perturbed.map((list) => similarityOf(list, 'dog')?.value)).toEqual([undefined, 0.51])
    expect(metrics.every(({ spread }) => spread !== undefined)).toBe(true)
  })

  it('move a mean over the patches that they were measured of', async () => {
    await store({}, 0.9)
    await store({ patch: 'dog' }, 0.5)
    await store(changed(1), 0.91)
    await store(changed(2), 0.86)
    await store(changed(2, { patch: 'dog' }), 0.51)
    const { similarity, measures } = summarize([await group()])
    // The first is of one patch; of the second one goes down by 0.04 and one up by 0.01.
    expect(similarity[0]).toMatchObject({ mean: 0.7, spread: expect.closeTo(0.015, 12) })
    expect(measures.find(({ metric }) => metric === 'similarity-min')).toMatchObject({
      spread: expect.closeTo(0.015, 12),
    })
  })

  it('stand in a last column of metrics.csv, which a study without them does not have', async () => {
    await store({}, 0.9)
    const csv = async () => Buffer.concat([...metricsCsv((await group()).metrics)]).toString()
    const before = (await csv()).trim().split('\n')
    expect(before[0]).toBe('model,layer,size,patch,metric,variant,value')
    await store(changed(1), 0.875)
    const after = (await csv()).trim().split('\n')
    expect(after.map((line) => line.replace(/,[^,]*$/, ''))).toEqual(before)
    expect(after[0]).toMatch(/,spread$/)
    expect(Number(after[1]?.split(',').at(-1))).toBeCloseTo(0.025, 12)
    const { spread: _, ...without } = similarityOf((await group()).metrics) as Metric
    expect(Buffer.concat([...metricsCsv([without, ...(await group()).metrics.slice(1, 2)])]).toString()).toMatch(
      /,0\.9,\n/,
    )
  })

  it.each([
    ['of another picture', changed(1, {}, 'another')],
    ['of another stride', changed(1, { stride: 49 })],
    ['of other weights', changed(1, { weightsSha256: 'other' })],
    ['of a patch that is not there', changed(1, { patch: 'dog' })],
    ['of another size', changed(1, { size: 75 })],
    ['of a number that is none', changed(MOST_PERTURBATIONS + 1)],
  ])('%s are left out', async (_, changes) => {
    await store({}, 0.9)
    const before = await group()
    await store(changes, 0.8)
    const after = await group()
    expect(after).toEqual(before)
    expect(after.perturbed).toEqual([])
  })

  it('may have fewer fold schemes: numbers without a counterpart have no spread', async () => {
    const separability = { loss: 'hinge' as const, C: 1, seed: 0, cv: ['ordered' as const, 'shuffled' as const] }
    await store({ separability }, 0.9)
    await store(changed(1, { separability: { ...separability, cv: ['ordered'] } }), 0.8)
    expect(similarityOf((await group()).metrics)?.spread).toBeCloseTo(0.1, 12)
  })

  it('are no patches beside the planned ones', async () => {
    await store({}, 0.9)
    await store(changed(1, { stride: 49 }), 0.8)
    expect(await unplannedPatches(inFolder(), [inputs])).toEqual([])
  })

  it('that are damaged are refused with their path', async () => {
    await store({}, 0.9)
    const folder = await store(changed(1), 0.8)
    writeFileSync(join(folder, 'unit.json'), '{}')
    await expect(group()).rejects.toThrow(InputError)
    await expect(group()).rejects.toThrow(`${join(folder, 'unit.json')} is damaged; run reproduce on this folder again`)
    rmSync(join(folder, 'unit.json'))
    await expect(group()).rejects.toThrow(`${folder} has no unit.json; run reproduce on this folder again, or remove`)
  })

  it('are read by threads where there are many, with the same numbers, and one is told of each', async () => {
    for (let i = 0; i < 60; i++) {
      await store({ patch: `patch ${i}` }, 0.5 + i / 1000)
      await store(changed(1, { patch: `patch ${i}` }), 0.5 + i / 500)
    }
    let told = 0
    let count = 0
    const [found] = await readStudy(inFolder(), [], {
      onCount: (units) => {
        count = units
      },
      onPerturbed: () => told++,
    })
    expect([count, told]).toEqual([120, 60])
    for (let i = 0; i < 60; i++)
      expect(similarityOf(found?.metrics ?? [], `patch ${i}`)?.spread).toBeCloseTo(i / 1000, 12)
  })

  it('are part of what a report is made of', async () => {
    await store({}, 0.9)
    const before = await reportStamp(inFolder(), {})
    const folder = await store(changed(1), 0.8)
    const after = await reportStamp(inFolder(), {})
    expect(after).not.toBe(before)
    expect(JSON.parse(readFileSync(join(folder, 'unit.json'), 'utf8')).inputs.perturbation).toEqual({
      number: 1,
      seed: 0,
      of: inputs.patchSha256,
    })
  })
})
