import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../../src/errors.js'
import { openResults } from '../../../src/results/store/openResults.js'
import { meanMap, numberOf, readStudy, unplannedPatches } from '../../../src/results/store/study.js'
import { unitFolder, writeUnit } from '../../../src/results/store/units.js'
import { shellWord } from '../../../src/support/text.js'
import { messageOf } from '../../support/messageOf.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { arraysOf, inputs, madeUnit, storeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()

const CENTER = { anchor: 'center' } as const
const inUnit = (patch: string, ...way: readonly string[]) => join(unitFolder(inFolder(), { ...inputs, patch }), ...way)

async function* namesIn(results: string, signal?: AbortSignal): AsyncGenerator<string> {
  for await (const { inputs } of openResults(results, signal && { signal }))
    yield `${inputs.model} ${inputs.size} ${inputs.patch}`
}

async function drained<T>(iteration: AsyncIterable<T>, onEach = () => {}) {
  const seen: T[] = []
  try {
    for await (const one of iteration) {
      seen.push(one)
      onEach()
    }
    return { seen }
  } catch (error) {
    return { seen, error }
  }
}

describe('a results folder', () => {
  it('gives its units in the order of their folders, and a study groups them: known networks first, large patches first', async () => {
    for (const model of ['zeta', 'alexnet', 'a/b'])
      for (const patch of ['dog', 'Car']) await storeUnit(inFolder(), { model, patch })
    await storeUnit(inFolder(), { model: 'alexnet', size: 100 })
    await storeUnit(inFolder(), { model: 'alexnet', size: 1000 })
    expect(await drained(namesIn(inFolder()))).toEqual({
      seen: [
        ...['a/b 125 Car', 'a/b 125 dog', 'alexnet 100 car', 'alexnet 1000 car', 'alexnet 125 Car', 'alexnet 125 dog'],
        ...['zeta 125 Car', 'zeta 125 dog'],
      ],
    })
    const groups = await readStudy(inFolder(), ['zeta', 'resnet50', 'alexnet'])
    const names = groups.map(({ model, size, units }) => [model, size, ...units.map((unit) => unit.inputs.patch)])
    expect(names).toEqual([
      ['zeta', 125, 'Car', 'dog'],
      ['alexnet', 1000, 'car'],
      ['alexnet', 125, 'Car', 'dog'],
      ['alexnet', 100, 'car'],
      ['a/b', 125, 'Car', 'dog'],
    ])
    const place = { rows: 2, cols: 2, stride: 50, layers: ['fc6', 'fc8'] }
    // The anchor at the bottom right lies 50 pixels from the top.
    for (const group of groups) expect(group).toMatchObject({ ...place, frame: group.size + 50 })
  })

  it('averages its objects’ maps in float64, layer by layer and anchor by anchor', async () => {
    const levels = [0.1, 0.2, 0.7]
    for (const [i, level] of levels.entries()) await storeUnit(inFolder(), { patch: `patch ${i}` }, level)
    const [group] = await readStudy(inFolder(), [])
    if (group === undefined) throw new Error('no group')
    const maps = levels.map((level) => madeUnit({}, level).maps)
    for (const layer of [0, 1]) {
      for (const anchor of [0, 1, 2, 3, 4]) {
        const start = (layer * 5 + anchor) * 4
        const expected = [0, 1, 2, 3].map((i) => maps.reduce((sum, map) => sum + (map[start + i] as number), 0) / 3)
        expect([...meanMap(group, layer, anchor)]).toEqual(expected)
      }
    }
    expect(numberOf(group, 'fc8', 'similarity-mean', CENTER)).toMatchObject({ layer: 'fc8', variant: CENTER })
    expect(numberOf(group, 'fc8', 'similarity-mean', { ...CENTER, direction: 'vertical' })).toBeUndefined()
  })

  it('compares different objects at the same anchor, those of one class apart', async () => {
    // Angles of the features: the cosine of 0.5 once, and those of 0.8 and 1.3 between classes. They are read 16 at a time.
    const cats = Array.from({ length: 15 }, (_, i) => [`cat ${i}`, 'cat', 1.3] as const)
    for (const [patch, category, angle] of [['a', 'dog', 0] as const, ['b', 'dog', 0.5] as const, ...cats]) {
      const { unit, maps } = madeUnit({ patch, category })
      await writeUnit(inFolder(), unit, arraysOf(unit, maps, angle))
    }
    const [group] = await readStudy(inFolder(), [])
    const rows = group?.numbers.filter(({ metric, layer }) => metric === 'null-baseline' && layer === 'fc8')
    expect(rows).toMatchObject([
      { variant: { classes: 'same' }, mean: expect.closeTo((Math.cos(0.5) + 105) / 106, 6), count: 106 },
      { variant: { classes: 'different' }, mean: expect.closeTo((Math.cos(0.8) + Math.cos(1.3)) / 2, 6), count: 30 },
    ])
  })

  it('may hold what is being written, hidden folders and stray files', async () => {
    await storeUnit(inFolder())
    mkdirSync(join(dirname(inUnit('car')), '.tmp-0000000000000000-1-00000000-dog'))
    mkdirSync(inFolder('units', '.cache', '125', 'x'), { recursive: true })
    mkdirSync(inFolder('units', 'empty', '125'), { recursive: true })
    writeFileSync(join(dirname(inUnit('car')), 'notes.txt'), '')
    expect((await readStudy(inFolder(), [])).map(({ units }) => units.length)).toEqual([1])
  })
})

describe('the visitor of a study', () => {
  /** As long as it takes to read all units again: whatever a reading would do without waiting, it has done by then. */
  const aWhile = () => Promise.allSettled([readStudy(inFolder(), [])])

  it('sees every unit with its maps in order while others are read; the fifth waits for the first', async () => {
    const patches = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const patch of patches) await storeUnit(inFolder(), { patch }, patch === 'a' ? 0.8 : 0.6)
    const seen: string[] = []
    let [open, most] = [0, 0]
    let letGo = () => {}
    const four = new Promise<void>((resolve) => {
      letGo = resolve
    })
    await readStudy(inFolder(), [], {
      onCount: (units) => seen.push(`${units} units`),
      onUnit: async ({ folder }, maps) => {
        seen.push(`${folder} ${maps[0]?.toFixed(2)}`)
        most = Math.max(most, ++open)
        if (open === 4) void aWhile().then(letGo)
        await four
        open--
      },
    })
    expect(seen).toEqual(['6 units', ...patches.map((patch) => `${inUnit(patch)} ${patch === 'a' ? '0.80' : '0.60'}`)])
    expect([most, open]).toEqual([4, 0])
  })

  it.each([
    ['its own error, from the first unit on', 'a'],
    ['its own error, from the last unit', 'c'],
    ['the error of a damaged unit', undefined],
  ])('has finished every visit when the reading ends with %s', async (_, failing) => {
    for (const patch of ['a', 'b', 'c']) await storeUnit(inFolder(), { patch })
    if (failing === undefined) writeFileSync(inUnit('c', 'unit.json'), '{}')
    let running = 0
    const reading = readStudy(inFolder(), [], {
      onUnit: async ({ inputs: { patch } }) => {
        running++
        if (patch !== failing) await aWhile()
        running--
        if (patch === failing) throw new Error(`no place for ${patch}`)
      },
    })
    await expect(reading).rejects.toThrow(failing === undefined ? 'is damaged' : `no place for ${failing}`)
    expect(running).toBe(0)
  })
})

describe('a results folder is refused', () => {
  it.each([
    ['stride', { stride: 49 }],
    ['list of layers', { layers: ['fc6'] }],
    ['set of weights', { weightsSha256: 'other' }],
    ['background', { background: '#000000' }],
    ['blend', { blend: 'soft' as const }],
    ['precision', { precision: 'fp16' as const }],
    ['way of pooling', { pool: 'mean' as const }],
    ['input', { input: 'clip' }],
  ])(
    'if averages would mix units with another %s, by what reads it and before a study adds to it',
    async (difference, changes) => {
      await storeUnit(inFolder(), { patch: 'car' })
      await storeUnit(inFolder(), { patch: 'dog', ...changes })
      const refusal = await messageOf(readStudy(inFolder(), []))
      expect(refusal).toContain(
        `${inUnit('dog')} has a different ${difference} from the other units of this network and size; remove this folder`,
      )
      const beforehand = await messageOf(unplannedPatches(inFolder(), [inputs]), UsageError)
      expect(beforehand).toContain(
        `${inFolder()} has results of object dog with a different ${difference}; choose another`,
      )
      expect(beforehand).toContain(`or remove ${dirname(inUnit('dog'))}`)
    },
  )

  it('if units have other numbers of positions or features', async () => {
    await storeUnit(inFolder(), { patch: 'car' })
    const { unit } = madeUnit({ patch: 'dog' })
    const maps = new Float32Array(2 * 5 * 6)
    await writeUnit(inFolder(), { ...unit, cols: 3 }, arraysOf(unit, maps))
    await expect(readStudy(inFolder(), [])).rejects.toThrow('has a different shape of maps or features')
  })

  it('if a unit is damaged or left without its description, once the units before it were given', async () => {
    for (const patch of ['a', 'b', 'c']) await storeUnit(inFolder(), { patch })
    writeFileSync(inUnit('b', 'unit.json'), '{}')
    const { seen, error } = await drained(namesIn(inFolder()))
    expect(seen).toEqual(['alexnet 125 a'])
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toContain(
      `${inUnit('b', 'unit.json')} is damaged, or of another version; run`,
    )
    mkdirSync(inUnit('_left'))
    const left = await messageOf(readStudy(inFolder(), []))
    expect(left).toContain(
      `cannot read ${inUnit('_left', 'unit.json')}: no such file; run reproduce on this folder again`,
    )
  })

  it('if it has no units, is missing, or is a file', async () => {
    const refusal = `no finished units in ${inFolder()}; run "shiftscope reproduce --out ${shellWord(inFolder())}" first`
    await expect(readStudy(inFolder(), [])).rejects.toThrow(new InputError(refusal))
    await expect(readStudy(inFolder('nothing'), [])).rejects.toThrow('no finished units')
    writeFileSync(inFolder('README.md'), '')
    const other = `${inFolder('README.md')} is not a folder; name the results folder that reproduce wrote`
    await expect(readStudy(inFolder('README.md'), [])).rejects.toThrow(new InputError(other))
  })

  it('with the reason of an abort, before the first unit or between two', async () => {
    for (const patch of ['a', 'b']) await storeUnit(inFolder(), { patch })
    const error = new Error('enough')
    expect(await drained(namesIn(inFolder(), AbortSignal.abort(error)))).toEqual({ seen: [], error })
    const controller = new AbortController()
    const stopped = await drained(namesIn(inFolder(), controller.signal), () => controller.abort(error))
    expect(stopped).toEqual({ seen: ['alexnet 125 a'], error })
  })
})

describe('objects that are not planned', () => {
  it('are named, so that the user knows what counts in the tables', async () => {
    for (const patch of ['zebra', 'bird', 'car']) await storeUnit(inFolder(), { patch })
    await storeUnit(inFolder(), { patch: 'dog', size: 75 })
    mkdirSync(inUnit('left'))
    expect(await unplannedPatches(inFolder(), [inputs])).toEqual(['bird', 'zebra'])
    expect(await unplannedPatches(inFolder('nothing'), [inputs])).toEqual([])
  })

  it('may have other fold schemes or none, but no other classifier', async () => {
    const classifier = { loss: 'hinge' as const, C: 1, seed: 0, cv: ['ordered' as const] }
    await storeUnit(inFolder(), { patch: 'bird', separability: { ...classifier, cv: ['ordered', 'blocks'] } })
    await storeUnit(inFolder(), { patch: 'dog' })
    const wanted = (changes: object) => [{ ...inputs, separability: { ...classifier, ...changes } }]
    expect(await unplannedPatches(inFolder(), wanted({}))).toEqual(['bird', 'dog'])
    for (const changes of [{ C: 2 }, { seed: 1 }])
      await expect(unplannedPatches(inFolder(), wanted(changes))).rejects.toThrow('a different classifier')
    expect(await readStudy(inFolder(), [])).toHaveLength(1)
  })
})
