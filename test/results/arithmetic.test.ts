import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import {
  type ArithmeticDocument,
  readAccuracy,
  readArithmetic,
  writeAccuracy,
  writeArithmeticDocument,
} from '../../src/results/arithmetic/document.js'
import { arithmeticRows } from '../../src/results/arithmetic/rows.js'
import { readArithmeticStudies } from '../../src/results/arithmetic/study.js'
import { variantText } from '../../src/results/measures/variant.js'
import { countsOf, studyOf } from '../support/arithmeticStudy.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const SCENE = ['arithmetic', 'net', 'move'] as const

function store(text: string, ...way: readonly string[]): void {
  mkdirSync(inFolder(...way.slice(0, -1)), { recursive: true })
  writeFileSync(inFolder(...way), text)
}

const made = studyOf('net', [countsOf()])
const accuracy = made.accuracy as NonNullable<typeof made.accuracy>
const document: ArithmeticDocument = {
  ...(made.scenes[0] as (typeof made.scenes)[number]).document,
  ...{ operands: [], layers: [], files: { 'a.npy': sha256('features') } },
  expectation: { kind: 'objects', scene: 'dog@0,1', sha256: '1', file: 'expectation.png' },
}

describe('stored arithmetic', () => {
  it('is none where there is no folder of it, or nothing in it', async () => {
    expect(await readArithmeticStudies(inFolder())).toEqual([])
    store('', 'arithmetic', 'net', 'notes.txt')
    expect(await readArithmeticStudies(inFolder())).toEqual([])
  })

  it('is read as it was written: scenes in the order of the built-in ones, counts, or one of them', async () => {
    for (const [model, scenes] of [
      ['net', ['move', 'one-plus-one']],
      ['other', ['exchange']],
    ] as const) {
      for (const scene of scenes) {
        store('features', 'arithmetic', model, scene, 'a.npy')
        await writeArithmeticDocument(inFolder('arithmetic', model, scene), { ...document, model })
      }
    }
    for (const model of ['net', 'third']) {
      mkdirSync(inFolder('arithmetic', model), { recursive: true })
      await writeAccuracy(inFolder('arithmetic', model, 'accuracy.json'), {
        ...accuracy,
        inputs: { ...accuracy.inputs, model },
      })
    }
    const studies = await readArithmeticStudies(inFolder())
    expect(studies.map(({ model, scenes }) => [model, ...scenes.map(({ folder }) => folder)])).toEqual([
      ['net', 'arithmetic/net/one-plus-one', 'arithmetic/net/move'],
      ['other', 'arithmetic/other/exchange'],
      ['third'],
    ])
    expect(studies.map((study) => study.accuracy?.done)).toEqual([10, undefined, 10])
    expect(studies[0]?.accuracy).toEqual(accuracy)
    expect(studies[0]?.scenes[1]).toMatchObject({ name: 'move', document })
  })

  it('keeps the objects and the way of reading with its counts, which others must not continue', async () => {
    const reading = { layers: ['fc6'], pool: 'none', input: 'x' }
    const inputs = { ...accuracy.inputs, reading, patches: [{ name: 'dog', sha256: '1' }] }
    const path = inFolder('accuracy.json')
    await writeAccuracy(path, { ...accuracy, inputs })
    expect((await readAccuracy(path)).inputs).toEqual(inputs)
    for (const damaged of [{ reading: { layers: ['fc6'] } }, { patches: [{ name: 'dog' }] }])
      await expect(writeAccuracy(path, { ...accuracy, inputs: { ...inputs, ...damaged } as never })).rejects.toThrow()
  })

  it('is refused in one line when it is damaged, and not written wrong', async () => {
    store('features', ...SCENE, 'a.npy')
    await writeArithmeticDocument(inFolder(...SCENE), document)
    store('featurez', ...SCENE, 'a.npy')
    const remedy = 'run reproduce on this folder again with arithmetic among its experiments'
    await expect(readArithmeticStudies(inFolder())).rejects.toThrow(
      new InputError(`${inFolder(...SCENE, 'a.npy')} is damaged or missing; ${remedy}`),
    )
    await expect(readArithmetic(inFolder('none'))).rejects.toThrow(/no such file; run reproduce/)
    store('{"counts":[]}', 'accuracy.json')
    await expect(readAccuracy(inFolder('accuracy.json'))).rejects.toThrow(InputError)
    await expect(writeAccuracy(inFolder('accuracy.json'), { ...accuracy, done: -1 })).rejects.toThrow()
    const elsewhere = { ...document, expectation: { ...document.expectation, file: '../a.png' } }
    await expect(writeArithmeticDocument(inFolder(...SCENE), elsewhere)).rejects.toThrow()
    store('{}', ...SCENE, 'arithmetic.json')
    await expect(readArithmeticStudies(inFolder())).rejects.toThrow(/arithmetic.json is damaged, or of another version/)
  })
})

describe('rows of arithmetic', () => {
  const other = countsOf({ kind: '1+1', expected: 20, found: 10, subtracted: 0, left: 0, exact: 1 })

  it('are shares of cases by kind and together, with the deviation of one case; none of no cases', () => {
    const studies = [studyOf('net', [countsOf(), other]), { ...studyOf('unmeasured', []), accuracy: null }]
    const rows = arithmeticRows(studies).map(({ model, layer, size, metric, variant, mean, std, count, values }) => {
      expect([model, layer, size, std, values]).toEqual(['net', 'fc6', 75, Math.sqrt(mean * (1 - mean)), new Map()])
      return [metric, variantText(variant), mean, count]
    })
    expect(rows.toSorted()).toEqual(
      [
        ['arithmetic-exact', 'zero decoded 3-2', 4 / 10, 10],
        ['arithmetic-recall', 'zero decoded 3-2', 9 / 10, 10],
        ['arithmetic-false-objects', 'zero decoded 3-2', 6 / 30, 30],
        ['arithmetic-left-over', 'zero decoded 3-2', 5 / 20, 20],
        ['arithmetic-phantoms', 'zero decoded 3-2', 1 / 10, 10],
        ['arithmetic-exact', 'zero decoded 1+1', 1 / 10, 10],
        ['arithmetic-recall', 'zero decoded 1+1', 10 / 20, 20],
        ['arithmetic-false-objects', 'zero decoded 1+1', 1 / 10, 10],
        ['arithmetic-phantoms', 'zero decoded 1+1', 1 / 10, 10],
        ['arithmetic-exact', 'zero decoded all', 5 / 20, 20],
        ['arithmetic-recall', 'zero decoded all', 19 / 30, 30],
        ['arithmetic-false-objects', 'zero decoded all', 7 / 40, 40],
        ['arithmetic-left-over', 'zero decoded all', 5 / 20, 20],
        ['arithmetic-phantoms', 'zero decoded all', 2 / 20, 20],
      ].toSorted(),
    )
  })

  it('are apart for each layer, way of judging and reference', () => {
    const counts = [{}, { layer: 'fc7' }, { judged: 'blank' }, { reference: 'pixels' }] as const
    const exact = arithmeticRows([studyOf('net', counts.map(countsOf))]).filter(
      ({ metric }) => metric === 'arithmetic-exact',
    )
    expect(exact.map(({ layer, variant, count }) => `${layer} ${variantText(variant)} ${count}`)).toEqual(
      ['3-2', 'all']
        .flatMap((kind) => ['zero decoded', 'zero pixels', 'blank decoded'].map((way) => `fc6 ${way} ${kind} 10`))
        .concat(['fc7 zero decoded 3-2 10', 'fc7 zero decoded all 10']),
    )
  })
})
