import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InterruptedError } from '../../../src/errors.js'
import {
  type ArithmeticCounts,
  addCounts,
  arithmeticAccuracy,
  trialImages,
} from '../../../src/experiments/arithmetic/accuracy.js'
import {
  type ArithmeticTrial,
  EXPRESSION_KINDS,
  KINDS,
  randomTrials,
  trialSize,
} from '../../../src/experiments/arithmetic/trials.js'
import { layoutText, type PlacedObject } from '../../../src/experiments/scenes/layout.js'
import { countsOf } from '../../support/arithmeticStudy.js'
import { FRAME, frameOf, linearModels } from '../../support/linearModels.js'

const COLOURS: Record<string, readonly number[]> = {
  ...{ dog: [200, 10, 60], orange: [0, 128, 255], zebra: [30, 200, 30], laptop: [90, 90, 0] },
}
const NAMES = Object.keys(COLOURS)
const SIZE = 8

const draw = (objects: readonly PlacedObject[]) =>
  frameOf(objects.map((object) => ({ ...object, rgb: COLOURS[object.patch] as readonly number[] })))
const trialsOf = (perKind: number, seed: number) => randomTrials(NAMES, SIZE, FRAME, perKind, seed)

describe('random trials', () => {
  it('hold objects apart in the frame, and one in no image', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 10, max: 84 }), (seed, size) => {
        for (const { kind, objects } of randomTrials(NAMES, size, 224, 1, seed)) {
          const { A, B, expected } = KINDS[kind]
          expect(objects).toHaveLength(new Set([...A, ...B]).size + 1)
          expect(Math.max(...A, ...B, ...expected)).toBe(objects.length - 2)
          for (const [i, a] of objects.entries()) {
            expect(NAMES).toContain(a.patch)
            expect(a.size).toBe(size)
            expect(Math.min(a.row, a.col)).toBeGreaterThanOrEqual(0)
            expect(Math.max(a.row, a.col)).toBeLessThanOrEqual(224 - size)
            for (const b of objects.slice(0, i))
              expect(Math.max(Math.abs(a.row - b.row), Math.abs(a.col - b.col))).toBeGreaterThanOrEqual(size)
          }
        }
      }),
      { numRuns: 10 },
    )
  })

  it('reach the last row and column, and touch one another', () => {
    const objects = randomTrials(NAMES, 1, 3, 100, 0).flatMap((trial) => trial.objects)
    expect(new Set(objects.map(({ row, col }) => 3 * row + col)).size).toBe(9)
  })

  it('are the same for the same seed, and others for another', () => {
    const trials = trialsOf(3, 7)
    expect(trials.map(({ kind }) => kind)).toEqual(EXPRESSION_KINDS.flatMap((kind) => [kind, kind, kind]))
    expect(trialsOf(3, 7)).toEqual(trials)
    expect(trialsOf(3, 8)).not.toEqual(trials)
    // Counts of a study go on only with the same trials.
    expect(layoutText(trialsOf(1, 0)[1]?.objects ?? [])).toBe('dog:8@5,7 laptop:8@6,16 laptop:8@14,0')
  })

  it.each(EXPRESSION_KINDS)('%s have so many objects in each image, and expect their sum or difference', (kind) => {
    const { expression, A, B, expected } = KINDS[kind]
    expect([A.length, expression.charAt(2), B.length].join('')).toBe(kind)
    expect(expected).toEqual(kind.includes('+') ? [...A, ...B] : A.filter((object) => !B.includes(object)))
  })

  it('have smaller objects in a small frame', () => {
    expect([trialSize(75, 224), trialSize(75, 96), trialSize(75, 200)]).toEqual([75, 36, 75])
    expect(randomTrials(NAMES, 36, 96, 1, 0)).toHaveLength(4)
  })
})

/** Counts of the trials of a kind by a network that does not see some of the objects. */
function expectedCounts(
  trials: readonly ArithmeticTrial[],
  wantedKind: ArithmeticTrial['kind'],
  isSeen = (_: PlacedObject) => true,
) {
  const counts = { trials: 0, expected: 0, found: 0, subtracted: 0, left: 0, decoys: 0, phantoms: 0, exact: 0 }
  for (const { kind, objects } of trials.filter((trial) => trial.kind === wantedKind)) {
    const wanted = objects.filter((_, k) => KINDS[kind].expected.includes(k))
    const others = objects.slice(0, -1).filter((object) => !wanted.includes(object))
    counts.trials++
    counts.decoys++
    counts.expected += wanted.length
    counts.found += wanted.filter(isSeen).length
    counts.subtracted += others.length
    counts.left += others.filter((object) => !isSeen(object)).length
    counts.phantoms += Number(!isSeen(objects.at(-1) as PlacedObject))
    counts.exact += Number(objects.every(isSeen))
  }
  return counts
}

describe('accuracy of arithmetic', () => {
  const of = (counts: readonly ArithmeticCounts[], wanted: Partial<ArithmeticCounts>) =>
    counts.filter((entry) =>
      Object.entries(wanted).every(([key, value]) => entry[key as keyof ArithmeticCounts] === value),
    )
  const exactly = (counts: readonly ArithmeticCounts[]) => counts.reduce((total, { exact }) => total + exact, 0)

  it('is perfect where features are linear and know places, and judged by what the generator can draw', async () => {
    const trials = trialsOf(5, 1)
    const done: number[] = []
    const onTrials = (count: number) => void done.push(count)
    const counts = await arithmeticAccuracy(linearModels(), trials, draw, { onTrials })
    expect(done).toEqual([8, 16, 20])
    // Two layers, four kinds; each origin by three references, the control by pixels.
    expect(counts).toHaveLength(2 * 4 * 7)
    for (const kind of EXPRESSION_KINDS) {
      const numbers = expectedCounts(trials, kind)
      for (const reference of ['features', 'decoded', 'pixels'] as const)
        expect(of(counts, { layer: 'pixels', kind, judged: 'blank', reference })).toMatchObject([numbers])
      const control = of(counts, { layer: 'pixels', kind, judged: 'control' })
      expect(control).toMatchObject([{ ...numbers, reference: 'pixels' }])
    }
  })

  it('is not where a layer knows no places, or the frame counts twice', async () => {
    const counts = await arithmeticAccuracy(linearModels(), trialsOf(5, 2), draw)
    expect(exactly(of(counts, { layer: 'mean', judged: 'control' }))).toBeLessThan(10)
    // Sums and differences of two scenes are white or grey where the other should be.
    expect(exactly(of(counts, { layer: 'pixels', judged: 'zero', reference: 'pixels' }))).toBeLessThan(20)
    expect(exactly(of(counts, { layer: 'pixels', judged: 'blank', reference: 'pixels' }))).toBe(20)
  })

  it('counts what the network does not see as wrong: lost, left and a phantom', async () => {
    const isSeen = ({ patch }: PlacedObject) => patch !== 'dog'
    const trials = trialsOf(6, 3)
    const counts = await arithmeticAccuracy(linearModels(), trials, (objects) => draw(objects.filter(isSeen)))
    for (const kind of EXPRESSION_KINDS) {
      const numbers = expectedCounts(trials, kind, isSeen)
      for (const reference of ['features', 'decoded', 'pixels'] as const)
        expect(of(counts, { layer: 'pixels', kind, judged: 'blank', reference })).toMatchObject([numbers])
    }
  })

  it('looks at features alone where there are no generators', async () => {
    const counts = await arithmeticAccuracy({ ...linearModels(), generators: [] }, trialsOf(2, 1), draw)
    expect(counts).toHaveLength(2 * 4 * 2)
    expect(exactly(of(counts, { layer: 'pixels', judged: 'blank', reference: 'features' }))).toBe(8)
  })

  it('stops when asked', async () => {
    const stop = new AbortController()
    const options = { onTrials: () => stop.abort(new InterruptedError()), signal: stop.signal }
    await expect(arithmeticAccuracy(linearModels(), trialsOf(3, 1), draw, options)).rejects.toThrow(InterruptedError)
  })

  it('takes three images of a trial, and one for each object', () =>
    expect(trialsOf(1, 0).map(trialImages)).toEqual([7, 6, 6, 7]))
})

it('counts of two sets of trials add up, entry by entry', () => {
  const [a, b] = [countsOf({ kind: '3-2', found: 2 }), countsOf({ kind: '3-2', found: 5, exact: 1 })]
  const changes = [{ kind: '2-1' }, { layer: 'x' }, { judged: 'blank' }, { reference: 'pixels' }] as const
  const others = changes.map(countsOf)
  const both = { trials: 20, expected: 20, found: 7, subtracted: 40, left: 10, decoys: 20, phantoms: 2, exact: 5 }
  expect(addCounts([a, ...others], [b])).toEqual([{ ...a, ...both }, ...others])
  expect(addCounts([], [a, ...others])).toEqual([a, ...others])
})
