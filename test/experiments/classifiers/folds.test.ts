import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../../src/errors.js'
import {
  assignFolds,
  FOLD_SCHEMES,
  FOLDS,
  type FoldScheme,
  TASKS,
  type Task,
  taskClasses,
  trainingLabels,
} from '../../../src/experiments/classifiers/folds.js'
import { type GridShape, positionAt } from '../../../src/experiments/maps/grid.js'
import { randomNumbers } from '../../../src/support/randomNumbers.js'
import golden from '../../golden/svm.json' with { type: 'json' }

function foldsOf(scheme: FoldScheme, task: Task, shape: GridShape, seed = 0): Uint8Array {
  return assignFolds(scheme, taskClasses(task, shape), shape, seed)
}

/** [class][fold] number of samples. */
function counts(classes: Uint8Array, folds: Uint8Array): number[][] {
  const table = [0, 1].map(() => new Array<number>(FOLDS).fill(0))
  for (const [i, k] of classes.entries()) {
    const row = table[k] as number[]
    row[folds[i] as number] = (row[folds[i] as number] as number) + 1
  }
  return table
}

it.each([
  ['left-right', 1, 5, '00011'],
  ['left-right', 2, 4, '00110011'],
  ['top-bottom', 3, 1, '001'],
  ['top-bottom', 2, 2, '0011'],
] as const)(
  'classes %s of %i×%i split an odd side so that the middle line is left and top',
  (task, rows, cols, text) => {
    expect(taskClasses(task, { rows, cols }).join('')).toBe(text)
  },
)

describe('folds', () => {
  it.each(golden.folds)(
    'ordered are those of StratifiedKFold on $rows by $cols, $task',
    ({ folds, task, ...shape }) => {
      expect(foldsOf('ordered', task as Task, shape).join('')).toBe(folds)
    },
  )

  const sides = fc.integer({ min: 10, max: 20 })
  const shapes = fc.record({ rows: sides, cols: sides })

  it('test every position once, with both classes in every fold, as many in each but for blocks', () => {
    const schemes = fc.constantFrom(...FOLD_SCHEMES)
    fc.assert(
      fc.property(shapes, schemes, fc.constantFrom(...TASKS), fc.nat(), (shape, scheme, task, seed) => {
        const folds = foldsOf(scheme, task, shape, seed)
        expect(folds.length).toBe(shape.rows * shape.cols)
        for (const sizes of counts(taskClasses(task, shape), folds)) {
          expect(Math.min(...sizes)).toBeGreaterThan(0)
          if (scheme !== 'blocks') expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('of blocks differ by at most one block, by the positions in blocks of unequal sizes', () => {
    // A tenth of 13 rows is one row or two, so a block has 1 to 4 positions.
    const shape = { rows: 13, cols: 13 }
    for (let seed = 0; seed < 20; seed++)
      for (const sizes of counts(taskClasses('top-bottom', shape), foldsOf('blocks', 'top-bottom', shape, seed)))
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(4)
  })

  it('transposed are the other task of the transposed grid', () => {
    fc.assert(
      fc.property(shapes, ({ rows, cols }) => {
        const other = foldsOf('ordered', 'left-right', { rows: cols, cols: rows })
        const turned = Array.from({ length: rows * cols }, (_, i) => other[(i % cols) * rows + Math.floor(i / cols)])
        expect(foldsOf('transposed', 'top-bottom', { rows, cols }).join('')).toBe(turned.join(''))
      }),
      { numRuns: 20 },
    )
  })

  // Results of a study are the same again only while a seed deals the same folds.
  it.each([
    ['shuffled', 0, '4032344223131400111442130030234122002341'],
    ['shuffled', 4294967295, '2131400344011443221302032122013032434014'],
    ['blocks', 0, '3244031432032410241223423201131110030440'],
  ] as const)('%s by seed %i stay what they are', (scheme, seed, folds) => {
    expect(foldsOf(scheme, 'left-right', { rows: 4, cols: 10 }, seed).join('')).toBe(folds)
  })

  it('in blocks are whole rectangles of a tenth of the grid', () => {
    const shape = { rows: 30, cols: 40 }
    const folds = foldsOf('blocks', 'top-bottom', shape, 3)
    const blocks = Array.from(folds, (_, i) => folds[Math.floor(i / 120) * 3 * 40 + Math.floor((i % 40) / 4) * 4])
    expect(folds.join('')).toBe(blocks.join(''))
    expect(counts(taskClasses('top-bottom', shape), folds)).toEqual([Array(5).fill(120), Array(5).fill(120)])
  })

  it('need five positions of each class, five blocks, and a seed', () => {
    const refusal = (what: string) =>
      new InputError(
        `one half of the grid has only ${what}, too few for 5 folds; use a smaller stride or a smaller object`,
      )
    expect(() => foldsOf('ordered', 'top-bottom', { rows: 1, cols: 100 })).toThrow(refusal('0 positions'))
    expect(() => foldsOf('ordered', 'left-right', { rows: 2, cols: 4 })).toThrow(refusal('4 positions'))
    expect(() => foldsOf('ordered', 'left-right', { rows: 2, cols: 5 })).toThrow(refusal('4 positions'))
    expect(() => foldsOf('ordered', 'left-right', { rows: 5, cols: 2 })).not.toThrow()
    expect(() => foldsOf('blocks', 'left-right', { rows: 1, cols: 8 })).toThrow(refusal('4 blocks'))
    for (const seed of [-1, 0.5, 2 ** 32])
      expect(() => foldsOf('shuffled', 'left-right', { rows: 9, cols: 9 }, seed)).toThrow(
        new UsageError(`seed ${seed} is not a whole number from 0 to 4294967295; use another`),
      )
  })
})

it('labels of the trainings are -1, 1 or 0 where a sample is tested', () => {
  const task = { classes: Uint8Array.of(0, 1, 1), folds: Uint8Array.of(0, 4, 2) }
  const other = { classes: Uint8Array.of(1, 1, 0), folds: Uint8Array.of(1, 1, 1) }
  const signs = Array.from(trainingLabels([task, other]), (label) => '-0+'[label + 1]).join('')
  expect(signs.match(/.{3}/g)).toEqual(['0++', '-++', '-+0', '-++', '-0+', '++-', '000', '++-', '++-', '++-'])
  expect(positionAt(7, { cols: 5, stride: 4 })).toEqual({ row: 4, col: 8 })
})

it('random numbers are those of xoshiro128** from the state of splitmix32', () => {
  const drawn = (seed: number) => {
    const random = randomNumbers(seed)
    return [random(), random(), random()].map((value) => value * 2 ** 32)
  }
  // Computed in Python.
  expect(drawn(7)).toEqual([210494603, 711084892, 3993689120])
  expect(drawn(0xffffffff)).toEqual([4104197751, 1825856343, 1152209388])
})
