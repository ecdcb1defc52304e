import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import {
  assignFolds,
  FOLD_SCHEMES,
  FOLDS,
  type FoldScheme,
  TASKS,
  type Task,
  taskClasses,
} from '../../src/experiments/folds.js'
import type { GridShape } from '../../src/experiments/grid.js'

interface GoldenFolds extends GridShape {
  readonly task: Task
  readonly folds: string
}

const golden = JSON.parse(readFileSync(new URL('../golden/svm.json', import.meta.url), 'utf8')) as {
  readonly folds: readonly GoldenFolds[]
}

const shapes = fc.record({ rows: fc.integer({ min: 10, max: 40 }), cols: fc.integer({ min: 10, max: 40 }) })
const schemes = fc.constantFrom(...FOLD_SCHEMES)
const tasks = fc.constantFrom(...TASKS)

function foldsOf(scheme: FoldScheme, task: Task, shape: GridShape, seed = 0): Uint8Array {
  return assignFolds(scheme, taskClasses(task, shape), shape, seed)
}

/** [class][fold] number of samples. */
function counts(classes: Uint8Array, folds: Uint8Array): number[][] {
  const table = [0, 1].map(() => new Array<number>(FOLDS).fill(0))
  classes.forEach((k, i) => {
    const row = table[k] as number[]
    row[folds[i] as number] = (row[folds[i] as number] as number) + 1
  })
  return table
}

describe('classes', () => {
  it('split an odd side so that the middle line is left and top', () => {
    expect([...taskClasses('left-right', { rows: 1, cols: 5 })]).toEqual([0, 0, 0, 1, 1])
    expect([...taskClasses('top-bottom', { rows: 3, cols: 1 })]).toEqual([0, 0, 1])
    expect([...taskClasses('top-bottom', { rows: 2, cols: 2 })]).toEqual([0, 0, 1, 1])
  })
})

describe('folds', () => {
  it.each(golden.folds)(
    'ordered are those of StratifiedKFold on $rows by $cols, $task',
    ({ folds, task, ...shape }) => {
      expect(foldsOf('ordered', task, shape).join('')).toBe(folds)
    },
  )

  it('test every position once, with both classes in every fold', () => {
    fc.assert(
      fc.property(shapes, schemes, tasks, fc.nat(), (shape, scheme, task, seed) => {
        const folds = foldsOf(scheme, task, shape, seed)
        expect(folds.length).toBe(shape.rows * shape.cols)
        for (const sizes of counts(taskClasses(task, shape), folds)) expect(Math.min(...sizes)).toBeGreaterThan(0)
      }),
    )
  })

  it('are of the same size for ordered, shuffled and transposed, up to one sample', () => {
    fc.assert(
      fc.property(shapes, tasks, fc.constantFrom('ordered', 'shuffled', 'transposed'), (shape, task, scheme) => {
        const classes = taskClasses(task, shape)
        for (const sizes of counts(classes, foldsOf(scheme, task, shape))) {
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('transposed are the other task of the transposed grid', () => {
    fc.assert(
      fc.property(shapes, ({ rows, cols }) => {
        const transposed = foldsOf('transposed', 'top-bottom', { rows, cols })
        const other = foldsOf('ordered', 'left-right', { rows: cols, cols: rows })
        for (let row = 0; row < rows; row++) {
          for (let col = 0; col < cols; col++) expect(transposed[row * cols + col]).toBe(other[col * rows + row])
        }
      }),
    )
  })

  it('of a seed are the same again, and those of another seed differ', () => {
    for (const scheme of ['shuffled', 'blocks'] as const) {
      const [a, b, c] = [7, 7, 8].map((seed) => foldsOf(scheme, 'top-bottom', { rows: 30, cols: 30 }, seed))
      expect(a).toEqual(b)
      expect(a).not.toEqual(c)
    }
  })

  it('shuffled by seed 0 stay what they are', () => {
    expect(foldsOf('shuffled', 'left-right', { rows: 4, cols: 10 }, 0).join('')).toMatchInlineSnapshot(
      `"4032344223131400111442130030234122002341"`,
    )
  })

  it('in blocks are whole rectangles of a tenth of the grid', () => {
    const folds = foldsOf('blocks', 'top-bottom', { rows: 100, cols: 100 }, 3)
    for (let row = 0; row < 100; row++) {
      for (let col = 0; col < 100; col++) {
        const corner = (row - (row % 10)) * 100 + (col - (col % 10))
        expect(folds[row * 100 + col]).toBe(folds[corner])
      }
    }
    expect(counts(taskClasses('top-bottom', { rows: 100, cols: 100 }), folds)).toEqual([
      [1000, 1000, 1000, 1000, 1000],
      [1000, 1000, 1000, 1000, 1000],
    ])
  })

  it('need five positions of each class, and five blocks', () => {
    expect(() => foldsOf('ordered', 'top-bottom', { rows: 1, cols: 100 })).toThrow(InputError)
    expect(() => foldsOf('ordered', 'left-right', { rows: 2, cols: 4 })).toThrow(/4 positions, fewer than the 5 folds/)
    expect(() => foldsOf('blocks', 'left-right', { rows: 1, cols: 8 })).toThrow(InputError)
    expect(() => foldsOf('shuffled', 'left-right', { rows: 9, cols: 9 }, -1)).toThrow(UsageError)
  })
})
