import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { openResults } from '../../src/results/openResults.js'
import type { OpenUnit } from '../../src/results/unit/open.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { unitFolder, writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, inputs, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

async function store(changes: Partial<UnitInputs>, level = 0.9): Promise<void> {
  const { unit, maps } = madeUnit(changes, level)
  await writeUnit(inFolder(), unit, arraysOf(unit, maps))
}

async function unitsOf(results: string, signal?: AbortSignal): Promise<readonly OpenUnit[]> {
  const units: OpenUnit[] = []
  for await (const unit of openResults(results, signal && { signal })) units.push(unit)
  return units
}

describe('an opened results folder', () => {
  it('gives its units in the order of their names, with what identifies them', async () => {
    for (const patch of ['dog', 'Car']) await store({ patch })
    await store({ patch: 'dog', size: 75 })
    await store({ patch: 'dog', model: 'a/b' })
    const units = await unitsOf(inFolder())
    expect(units.map(({ inputs: { model, size, patch } }) => [model, size, patch])).toEqual([
      ['a/b', 125, 'dog'],
      ['alexnet', 125, 'Car'],
      ['alexnet', 125, 'dog'],
      ['alexnet', 75, 'dog'],
    ])
    expect(units[1]?.folder).toBe(unitFolder(inFolder(), { ...inputs, patch: 'Car' }))
    expect(units[1]?.layers.map(({ name, dims }) => [name, dims])).toEqual([
      ['fc6', 8],
      ['fc8', 8],
    ])
  })

  it('reads arrays when they are asked for', async () => {
    const { unit, maps } = madeUnit()
    const arrays = arraysOf(unit, maps, 0.5)
    await writeUnit(inFolder(), unit, arrays)
    const [opened] = await unitsOf(inFolder())
    expect(await opened?.maps()).toEqual({ shape: [2, 5, 2, 2], data: maps })
    expect(await opened?.anchorFeatures('fc8')).toEqual({ shape: [5, 8], data: arrays.anchorFeatures[1] })
    expect(await opened?.features('fc8')).toBeUndefined()
    await expect(opened?.anchorFeatures('fc7')).rejects.toThrow(UsageError)
    await expect(opened?.features('fc7')).rejects.toThrow(/has no layer fc7; its layers are fc6, fc8$/)
    rmSync(join(opened?.folder ?? '', 'similarity.npy'))
    await expect(opened?.maps()).rejects.toThrow(InputError)
  })

  it('gives the units before a damaged one, which it names', async () => {
    for (const patch of ['a', 'b', 'c']) await store({ patch })
    const damaged = join(unitFolder(inFolder(), { ...inputs, patch: 'b' }), 'unit.json')
    appendFileSync(damaged, 'x')
    const seen: string[] = []
    const reading = (async () => {
      for await (const unit of openResults(inFolder())) seen.push(unit.inputs.patch)
    })()
    await expect(reading).rejects.toThrow(InputError)
    await expect(unitsOf(inFolder())).rejects.toThrow(`${damaged} is damaged`)
    expect(seen).toEqual(['a'])
  })

  it('that holds no units, or is none, is refused', async () => {
    await expect(unitsOf(inFolder())).rejects.toThrow(/no finished units in/)
    writeFileSync(inFolder('file'), '')
    await expect(unitsOf(inFolder('file'))).rejects.toThrow(/is not a folder/)
  })

  it('ends with the reason of an abort, between two units', async () => {
    for (const patch of ['a', 'b']) await store({ patch })
    const reason = new Error('enough')
    await expect(unitsOf(inFolder(), AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const unit of openResults(inFolder(), { signal: controller.signal })) {
        seen.push(unit.inputs.patch)
        controller.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
    expect(seen).toEqual(['a'])
  })
})
