import { expect, it } from 'vitest'
import { arrayScript, type JobPlan, studyWords } from '../../src/cluster/slurmJob.js'
import { UsageError } from '../../src/errors.js'
import { refusalOf } from '../support/shell.js'

const plan: JobPlan = {
  ...{ tasks: 2, cpus: 4, gpus: 0, memory: 2048, minutes: 15, partition: 'short', out: '/data/my results' },
  ...{ folder: '/data', command: ['node', 'main.js', 'reproduce', '--patches', 'a b'] },
}

it('a job script has a line for each option', () => {
  const lines = arrayScript(plan).split('\n')
  expect(lines).toContain('#SBATCH --partition=short')
  expect(lines).toContain('#SBATCH --output="/data/my results/slurm/%A_%a.log"')
  expect(lines.at(-2)).toBe("exec node main.js reproduce --patches 'a b' --no-report")
})

it.each([
  { ...plan, partition: 'short\nrm -rf x' },
  { ...plan, out: '/data/a\rb' },
  { ...plan, folder: '/data/a\u0000b' },
])('a job script has no options that go over a line', (wrong) => {
  expect(() => arrayScript(wrong)).toThrow(UsageError)
  expect(() => arrayScript(wrong)).toThrow(/^--[a-z]+=.*\?.* holds a control character, which a job script cannot; use/)
})

it('a study is given to a job as words that reproduce understands', async () => {
  const words = studyWords({
    ...{ models: ['alexnet', 'my net.onnx'], layers: { alexnet: ['fc6', 'fc7'] }, weights: { alexnet: 'a=b.pth' } },
    ...{ sizes: [75], C: 1e-7, limits: { low: 0.5, high: 1 }, inputMean: [0.5, 0, 1], inputRange: 255 as const },
    ...{ keepFeatures: true, paper: false, signal: new AbortController().signal },
  })
  expect(words.join(' ')).toBe(
    '--models alexnet,my net.onnx --layers alexnet=fc6,fc7 --weights alexnet=a=b.pth --sizes 75 --C 1e-7 --input-mean 0.5,0,1 --input-range 255 --keep-features --limits 0.5,1',
  )
  expect(await refusalOf(['reproduce', ...words])).toBeUndefined()
})
