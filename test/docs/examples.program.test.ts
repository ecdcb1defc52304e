import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { foldBaselines, meanAccuracy } from '../../src/experiments/classifiers/foldBaselines.js'
import { TASKS } from '../../src/experiments/classifiers/folds.js'
import { endOf } from '../support/commandLine.js'
import { ROOT } from '../support/markdown.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('folds.js prints the accuracies of position only that the tables of a study have', async () => {
  cpSync(join(ROOT, 'examples'), inFolder('examples'), { recursive: true })
  mkdirSync(inFolder('node_modules'))
  symlinkSync(ROOT, inFolder('node_modules/shiftscope'), 'junction')
  const { status, stdout, stderr } = await endOf(spawn(process.execPath, [inFolder('examples/folds.js')]))
  expect([status, stderr]).toEqual([0, ''])
  const schemes = ['ordered', 'transposed', 'shuffled'] as const
  const { position, phase } = await foldBaselines({ rows: 13, cols: 13, stride: 8 }, { schemes })
  const printed = [...stdout.matchAll(/'position only' │ '(\w+)' +│ '([\d.]+)' +│ '([\d.]+)'/g)]
  const expected = schemes.map((cv) => {
    const folds = position[cv] ?? { 'left-right': [], 'top-bottom': [] }
    const mean = (task: (typeof TASKS)[number]) =>
      meanAccuracy({ 'left-right': [], 'top-bottom': [], [task]: folds[task] })
    return [cv, ...TASKS.map((task) => mean(task).toFixed(3))]
  })
  expect(printed.map(([, ...cells]) => cells)).toEqual(expected)
  // The grid is fine enough for separability.
  expect(phase.shuffled && meanAccuracy(phase.shuffled)).toBeLessThan(2 / 3)
})
