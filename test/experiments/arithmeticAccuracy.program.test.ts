import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { InterruptedError } from '../../src/errors.js'
import { type ArithmeticCounts, addCounts, arithmeticAccuracy } from '../../src/experiments/arithmeticAccuracy.js'
import { type ArithmeticModels, openArithmeticModels } from '../../src/experiments/arithmeticModels.js'
import { EXPRESSION_KINDS, KINDS, randomTrials, trialSize } from '../../src/experiments/arithmeticTrials.js'
import { drawObject, type PlacedObject } from '../../src/experiments/objectScene.js'
import { builtInPatches } from '../../src/patches/collection.js'
import { type Patch, patchesOfSource } from '../../src/patches/patch.js'
import { countsOf } from '../support/arithmeticStudy.js'
import { linearModels } from '../support/linearModels.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const SETTINGS = { workers: 1, threads: 2, batch: 32 }

let models: ArithmeticModels | undefined
afterEach(async () => {
  await models?.close()
  models = undefined
})

async function drawing(): Promise<(objects: readonly PlacedObject[]) => Uint8Array> {
  const patches = new Map<string, Patch>()
  for (const source of await builtInPatches()) {
    const [patch] = await patchesOfSource(source, [75], 224, 'hard')
    patches.set(source.name, patch as Patch)
  }
  return (objects) => {
    const frame = new Uint8Array(224 * 224 * 3).fill(255)
    for (const object of objects) drawObject(frame, 224, patches.get(object.patch) as Patch, object, 'hard')
    return frame
  }
}

const names = ['dog', 'orange', 'zebra', 'laptop']

describe('random trials', () => {
  it('hold objects apart in the frame, and one in no image', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 10, max: 80 }), (seed, size) => {
        for (const { kind, objects } of randomTrials(names, size, 224, 2, seed)) {
          const { A, B, expected } = KINDS[kind]
          expect(objects).toHaveLength(new Set([...A, ...B]).size + 1)
          expect(Math.max(...A, ...B, ...expected)).toBe(objects.length - 2)
          for (const [i, a] of objects.entries()) {
            expect(names).toContain(a.patch)
            expect(Math.min(a.row, a.col)).toBeGreaterThanOrEqual(0)
            expect(Math.max(a.row, a.col)).toBeLessThanOrEqual(224 - size)
            for (const b of objects.slice(0, i))
              expect(Math.max(Math.abs(a.row - b.row), Math.abs(a.col - b.col))).toBeGreaterThanOrEqual(size)
          }
        }
      }),
      { numRuns: 30 },
    )
  })

  it('are the same for the same seed, and others for another', () => {
    const trials = randomTrials(names, 75, 224, 3, 7)
    expect(trials.map(({ kind }) => kind)).toEqual(EXPRESSION_KINDS.flatMap((kind) => [kind, kind, kind]))
    expect(randomTrials(names, 75, 224, 3, 7)).toEqual(trials)
    expect(randomTrials(names, 75, 224, 3, 8)).not.toEqual(trials)
  })

  it('have smaller objects in a small frame', () => {
    expect(trialSize(75, 224)).toBe(75)
    expect(trialSize(75, 96)).toBe(36)
    expect(randomTrials(names, trialSize(75, 96), 96, 1, 0)).toHaveLength(4)
  })

  it('are refused where objects have no room', () => {
    expect(() => randomTrials(names, 85, 224, 1, 0)).toThrow('choose a smaller size')
  })
})

describe('accuracy of arithmetic', () => {
  const of = (counts: readonly ArithmeticCounts[], wanted: Partial<ArithmeticCounts>) =>
    counts.filter((entry) =>
      Object.entries(wanted).every(([key, value]) => entry[key as keyof ArithmeticCounts] === value),
    )

  it('is perfect where features are linear and know places, and judged by what the generator can draw', async () => {
    const { network, generators } = await linearModels(inFolder())
    models = await openArithmeticModels(openThreads(network, SETTINGS), generators)
    const trials = randomTrials(names, 75, 224, 6, 1)
    const done: number[] = []
    const counts = await arithmeticAccuracy(models, trials, await drawing(), {
      onTrials: (count) => void done.push(count),
    })
    expect(done.at(-1)).toBe(24)
    // Two layers, four kinds; each origin by three references, the control by pixels.
    expect(counts).toHaveLength(2 * 4 * 7)
    const perfect = { layer: 'grid', judged: 'blank' } as const
    for (const { trials: count, exact, found, expected, left, phantoms } of of(counts, perfect)) {
      expect([count, exact, left, phantoms]).toEqual([6, 6, 0, 0])
      expect(found).toBe(expected)
    }
    expect(of(counts, { layer: 'grid', judged: 'control' }).every(({ exact }) => exact === 6)).toBe(true)
    const [threeLessTwo] = of(counts, { layer: 'grid', kind: '3-2', judged: 'blank', reference: 'decoded' })
    expect(threeLessTwo).toMatchObject({ expected: 6, subtracted: 12, decoys: 6 })
    const [onePlusTwo] = of(counts, { layer: 'grid', kind: '1+2', judged: 'blank', reference: 'decoded' })
    expect(onePlusTwo).toMatchObject({ expected: 18, subtracted: 0, decoys: 6 })
  })

  it('is not where a layer knows no places, or the frame counts twice', async () => {
    const { network, generators } = await linearModels(inFolder())
    models = await openArithmeticModels(openThreads(network, SETTINGS), generators)
    const counts = await arithmeticAccuracy(models, randomTrials(names, 75, 224, 6, 2), await drawing())
    const sum = (some: readonly ArithmeticCounts[]) => some.reduce((total, { exact }) => total + exact, 0)
    expect(sum(of(counts, { layer: 'mean', judged: 'control' }))).toBeLessThan(12)
    // Three scenes less two is grey where white should be: the pixels of white objects' places tell nothing.
    expect(sum(of(counts, { layer: 'grid', judged: 'zero', reference: 'pixels' }))).toBeLessThan(24)
  })

  it('is zero where the scenes of all objects look the same', async () => {
    const { network, generators } = await linearModels(inFolder())
    models = await openArithmeticModels(openThreads(network, SETTINGS), generators)
    const blank = new Uint8Array(224 * 224 * 3).fill(255)
    const counts = await arithmeticAccuracy(models, randomTrials(names, 75, 224, 1, 1), () => blank)
    for (const { exact, found, left, subtracted } of counts) expect([exact, found, left]).toEqual([0, 0, subtracted])
  })

  it('stops when asked', async () => {
    const { network, generators } = await linearModels(inFolder())
    models = await openArithmeticModels(openThreads(network, SETTINGS), generators)
    const stop = new AbortController()
    const options = { onTrials: () => stop.abort(new InterruptedError()), signal: stop.signal }
    const stopped = arithmeticAccuracy(models, randomTrials(names, 75, 224, 6, 1), await drawing(), options)
    await expect(stopped).rejects.toThrow(InterruptedError)
  })
})

describe('counts of two sets of trials', () => {
  it('add up, entry by entry', () => {
    const kinds = fc.constantFrom('3-2', '2-1') as fc.Arbitrary<ArithmeticCounts['kind']>
    const some = fc.array(fc.tuple(kinds, fc.nat(9)).map(([kind, found]) => countsOf({ kind, found })))
    fc.assert(
      fc.property(some, some, (a, b) => {
        const total = (counts: readonly ArithmeticCounts[], kind: string) =>
          counts.filter((one) => one.kind === kind).reduce((sum, { found }) => sum + found, 0)
        const sum = addCounts(a, b)
        for (const kind of ['3-2', '2-1']) expect(total(sum, kind)).toBe(total(a, kind) + total(b, kind))
        expect(new Set(sum.map(({ kind }) => kind)).size).toBe(sum.length)
      }),
    )
  })
})
