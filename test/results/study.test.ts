import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { meanMap, readStudy, unplannedPatches } from '../../src/results/study.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { unitFolder, writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, inputs, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

async function store(results: string, changes: Partial<UnitInputs>, level = 0.9): Promise<void> {
  const { unit, maps } = madeUnit(changes, level)
  await writeUnit(results, unit, arraysOf(unit, maps))
}

async function refusalOf(results: string): Promise<string> {
  const error = await readStudy(results, []).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).message
}

/** As long as it takes to read all units again: whatever a reading would do without waiting, it has done by then. */
async function aWhile(): Promise<void> {
  await readStudy(inFolder(), []).catch(() => undefined)
}

describe('study', () => {
  it('groups units by network and size: networks in the given order, others by name, large patches first', async () => {
    for (const model of ['zeta', 'alexnet', 'resnet50', 'alpha']) {
      for (const size of [75, 125]) {
        for (const patch of ['dog', 'Car', 'bird']) await store(inFolder(), { model, size, patch })
      }
    }
    const groups = await readStudy(inFolder(), ['resnet50', 'alexnet'])
    expect(groups.map(({ model, size }) => `${model} ${size}`)).toEqual([
      'resnet50 125',
      'resnet50 75',
      'alexnet 125',
      'alexnet 75',
      'alpha 125',
      'alpha 75',
      'zeta 125',
      'zeta 75',
    ])
    for (const group of groups) {
      expect(group).toMatchObject({ rows: 2, cols: 2, stride: 50, layers: ['fc6', 'fc8'] })
      expect(group.units.map((unit) => unit.inputs.patch)).toEqual(['Car', 'bird', 'dog'])
    }
  })

  it("averages its patches' maps in float64, layer by layer and anchor by anchor", async () => {
    const levels = [0.1, 0.2, 0.7]
    for (const [i, level] of levels.entries()) await store(inFolder(), { patch: `patch ${i}` }, level)
    const [group] = await readStudy(inFolder(), [])
    if (group === undefined) throw new Error('no group')
    const maps = levels.map((level) => madeUnit({}, level).maps)
    for (let layer = 0; layer < 2; layer++) {
      for (let anchor = 0; anchor < 5; anchor++) {
        const start = (layer * 5 + anchor) * 4
        const expected = [0, 1, 2, 3].map((i) => maps.reduce((sum, map) => sum + (map[start + i] as number), 0) / 3)
        expect([...meanMap(group, layer, anchor)]).toEqual(expected)
      }
    }
  })

  it('shows every unit with its maps in order while it reads, and waits for none but the fourth before', async () => {
    for (const patch of ['a', 'b', 'c', 'd', 'e', 'f']) await store(inFolder(), { patch }, patch === 'a' ? 0.8 : 0.6)
    await store(inFolder(), { patch: 'a', size: 75 })
    const seen: string[] = []
    let open = 0
    let most = 0
    let letGo = () => {}
    const four = new Promise<void>((resolve) => {
      letGo = resolve
    })
    await readStudy(inFolder(), [], {
      onCount: (units) => seen.push(`${units} units`),
      onUnit: async ({ inputs: { size, patch }, folder }, maps) => {
        expect(folder).toBe(unitFolder(inFolder(), { ...inputs, size, patch }))
        seen.push(`${size} ${patch} ${maps[0]?.toFixed(2)}`)
        most = Math.max(most, ++open)
        if (open === 4) void aWhile().then(letGo)
        await four
        open--
      },
    })
    const others = ['b', 'c', 'd', 'e', 'f'].map((patch) => `125 ${patch} 0.60`)
    expect(seen).toEqual(['7 units', '125 a 0.80', ...others, '75 a 0.90'])
    expect(most).toBe(4)
    expect(open).toBe(0)
  })

  it.each(['first', 'last'])(
    'ends with the visitor’s error, from the %s unit, when no visit runs any more',
    async (which) => {
      const patches = ['a', 'b', 'c']
      for (const patch of patches) await store(inFolder(), { patch })
      const failing = which === 'first' ? 'a' : 'c'
      let running = 0
      const reading = readStudy(inFolder(), [], {
        onUnit: async ({ inputs: { patch } }) => {
          running++
          if (patch !== failing) await aWhile()
          running--
          if (patch === failing) throw new Error(`no place for ${patch}`)
        },
      })
      await expect(reading).rejects.toThrow(`no place for ${failing}`)
      expect(running).toBe(0)
    },
  )

  it('waits for a visit before it ends with the error of a damaged unit', async () => {
    for (const patch of ['a', 'b']) await store(inFolder(), { patch })
    writeFileSync(join(unitFolder(inFolder(), { ...inputs, patch: 'b' }), 'unit.json'), '{}')
    let running = 0
    const reading = readStudy(inFolder(), [], {
      onUnit: async () => {
        running++
        await aWhile()
        running--
      },
    })
    await expect(reading).rejects.toThrow(/damaged/)
    expect(running).toBe(0)
  })

  it('merges by copying: the folders of two machines give what one machine gives', async () => {
    await store(inFolder('a'), { patch: 'car' }, 0.8)
    await store(inFolder('b'), { patch: 'dog' }, 0.6)
    await store(inFolder('b'), { model: 'resnet50', layers: ['fc'] })
    for (const patch of ['car', 'dog']) await store(inFolder('one'), { patch }, patch === 'car' ? 0.8 : 0.6)
    await store(inFolder('one'), { model: 'resnet50', layers: ['fc'] })
    cpSync(inFolder('a'), inFolder('merged'), { recursive: true })
    cpSync(inFolder('b'), inFolder('merged'), { recursive: true })
    expect(await readStudy(inFolder('merged'), [])).toEqual(await readStudy(inFolder('one'), []))
  })

  it('passes over what is being written, hidden folders and stray files', async () => {
    await store(inFolder(), {})
    const folder = unitFolder(inFolder(), inputs)
    mkdirSync(join(folder, '..', '.tmp-0000000000000000-1-00000000-dog'))
    mkdirSync(join(folder, '..', '.ipynb_checkpoints'))
    mkdirSync(inFolder('units', '.cache', '125', 'x'), { recursive: true })
    writeFileSync(join(folder, '..', 'notes.txt'), '')
    writeFileSync(inFolder('units', '.DS_Store'), '')
    expect((await readStudy(inFolder(), []))[0]?.units).toHaveLength(1)
  })

  it.each([
    ['stride', { stride: 49 }],
    ['list of layers', { layers: ['fc6'] }],
    ['set of weights', { weightsSha256: 'other' }],
    ['background', { background: '#000000' }],
    ['blend', { blend: 'soft' as const }],
  ])('refuses to average units with another %s and names the unit', async (difference, changes) => {
    await store(inFolder(), { patch: 'car' })
    await store(inFolder(), { patch: 'dog', ...changes })
    const message = await refusalOf(inFolder())
    expect(message).toContain(unitFolder(inFolder(), { ...inputs, patch: 'dog' }))
    expect(message).toContain(`has another ${difference} than the units beside it`)
  })

  it('refuses a unit that was copied to another name: it would count twice', async () => {
    await store(inFolder(), {})
    const folder = unitFolder(inFolder(), inputs)
    cpSync(folder, join(folder, '..', 'car copy'), { recursive: true })
    expect(await refusalOf(inFolder())).toMatch(/car copy holds the unit of .*; remove it/)
  })

  it('refuses a damaged unit and names it', async () => {
    await store(inFolder(), {})
    const path = join(unitFolder(inFolder(), inputs), 'unit.json')
    writeFileSync(path, '{}')
    expect(await refusalOf(inFolder())).toContain(`${path} is damaged; run reproduce on this folder again`)
  })

  it('refuses a folder that a copy left without its unit, and says how to go on', async () => {
    await store(inFolder(), {})
    const left = inFolder('units', inputs.model, String(inputs.size), 'left')
    mkdirSync(left)
    expect(await refusalOf(inFolder())).toBe(
      `cannot read ${join(left, 'unit.json')}: no such file; run reproduce on this folder again, or remove ${left}`,
    )
  })

  it('refuses a folder without units, and one that is missing', async () => {
    expect(await refusalOf(inFolder())).toMatch(/no finished units in .*; run "shiftscope reproduce --out \S+" first/)
    expect(await refusalOf(inFolder('nothing'))).toMatch(/no finished units/)
    writeFileSync(inFolder('README.md'), '')
    const refusal = await refusalOf(inFolder('README.md'))
    expect(refusal).toMatch(/README\.md is not a folder; give the results folder of reproduce$/)
  })
})

describe('patches that are not planned', () => {
  const planned = [{ ...inputs, patch: 'car' }]

  it('are named, so that the user knows what counts in the tables', async () => {
    await store(inFolder(), { patch: 'zebra' })
    await store(inFolder(), { patch: 'bird' })
    await store(inFolder(), { patch: 'car' })
    await store(inFolder(), { patch: 'dog', size: 75 })
    expect(await unplannedPatches(inFolder(), planned)).toEqual(['bird', 'zebra'])
    expect(await unplannedPatches(inFolder('nothing'), planned)).toEqual([])
  })

  it.each([{ stride: 25 }, { background: '#000000' }, { weightsSha256: 'other' }, { layers: ['fc6'] }])(
    'are refused before anything is computed where averages would mix %j',
    async (changes) => {
      await store(inFolder(), { patch: 'bird', ...changes })
      await expect(unplannedPatches(inFolder(), planned)).rejects.toThrow(UsageError)
      await expect(unplannedPatches(inFolder(), planned)).rejects.toThrow(
        /holds patch bird with another .*; choose another `out`/,
      )
    },
  )

  it('may have other fold schemes, but no other classifier', async () => {
    const classifier = { loss: 'hinge' as const, C: 1, seed: 0, cv: ['ordered' as const] }
    await store(inFolder(), { patch: 'bird', separability: { ...classifier, cv: ['ordered', 'blocks'] } })
    await store(inFolder(), { patch: 'dog' })
    const wanted = (changes: object) => [{ ...inputs, separability: { ...classifier, ...changes } }]
    expect(await unplannedPatches(inFolder(), wanted({}))).toEqual(['bird', 'dog'])
    await expect(unplannedPatches(inFolder(), wanted({ C: 2 }))).rejects.toThrow(/another classifier/)
    expect(await readStudy(inFolder(), [])).toHaveLength(1)
  })
})
