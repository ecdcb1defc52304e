import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { arrayScript, reportScript, type SlurmJob, studyWords } from '../../src/cluster/slurmJob.js'
import { minutesOf, submitSlurm } from '../../src/cluster/submit.js'
import { ClusterError, UsageError } from '../../src/errors.js'
import { availableCores } from '../../src/support/machine.js'
import { messageOf } from '../support/messageOf.js'
import { refusalOf } from '../support/shell.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

const job: SlurmJob = {
  ...{ tasks: 2, cpus: 4, gpus: 0, memory: 2048, minutes: 15, partition: 'short', out: '/data/it\'s "mine"' },
  ...{ folder: '/data', command: ['node', 'main.js', 'reproduce', '--patches', "it's"] },
}

it('a job script has a line for each option', () => {
  expect(arrayScript(job).split('\n')).toEqual([
    '#!/bin/bash',
    '#SBATCH --job-name=shiftscope',
    '#SBATCH --array=1-2',
    '#SBATCH --output="/data/it\'s \\"mine\\"/slurm/%A_%a.log"',
    ...['--open-mode=append', '--requeue', '--ntasks=1', '--cpus-per-task=4'].map((option) => `#SBATCH ${option}`),
    ...['--mem=2048M', '--time=15', '--partition=short', '--chdir=/data'].map((option) => `#SBATCH ${option}`),
    '',
    expect.stringMatching(/^# Computes a study in 2 tasks, /),
    expect.stringMatching(/^# /),
    "exec node main.js reproduce --patches 'it'\\''s' --no-report",
    '',
  ])
  const report = reportScript({ ...job, gpus: 3, partition: null }).split('\n')
  expect(report.filter((line) => /array|partition|gres|output/.test(line))).toEqual([
    '#SBATCH --output="/data/it\'s \\"mine\\"/slurm/%j.log"',
    '#SBATCH --gres=gpu:3',
  ])
  expect(report.at(-2)).toBe("exec node main.js reproduce --patches 'it'\\''s'")
})

it.each([
  { ...job, partition: 'short\nrm -rf x' },
  { ...job, out: '/data/a\rb' },
  { ...job, folder: '/data/a\u0000b' },
])('a job script has no options that go over a line', (wrong) => {
  expect(() => arrayScript(wrong)).toThrow(UsageError)
  expect(() => arrayScript(wrong)).toThrow(
    /^--[a-z]+=.*\?.* contains a line break or another control character, .*; remove it$/,
  )
})

it('a study is given to a job as words that reproduce understands', async () => {
  const words = studyWords({
    ...{
      models: ['alexnet', 'new=my net,2.onnx'],
      layers: { alexnet: ['fc6', 'fc7'] },
      weights: { alexnet: 'a=b.pth' },
    },
    ...{ sizes: [75], C: 1e-7, limits: { low: 0.5, high: 1 }, inputMean: [0.5, 0, 1], inputRange: 255 as const },
    ...{ pairs: [{ plain: 'alexnet', variant: 'new' }] },
    ...{ keepFeatures: true, signal: new AbortController().signal },
  })
  expect(words.join(' ')).toBe(
    'reproduce --models alexnet,new=my net\\,2.onnx --layers alexnet=fc6,fc7 --weights alexnet=a=b.pth --sizes 75 --C 1e-7 --input-mean 0.5,0,1 --input-range 255 --keep-features --limits 0.5,1 --pair alexnet=new',
  )
  expect(await refusalOf(words)).toBeUndefined()
  expect(studyWords({ keepFeatures: false })).toEqual(['reproduce'])
})

it('a study of photographs is given to a job as words that consistency understands', async () => {
  const words = studyWords({
    ...{ photographs: '-my photographs', models: ['a', 'b'], protocols: ['crop', 'embed'], exact: true, draws: 3 },
    ...{ out: 'results', input: 'imagenet' },
  })
  expect(words.join(' ')).toBe(
    'consistency ./-my photographs --models a,b --protocols crop,embed --exact --draws 3 --out results --input imagenet',
  )
  expect(await refusalOf(words)).toBeUndefined()
  const photographs = new URL('../golden/consistency/', import.meta.url).pathname
  const study = { photographs, model: `${photographs}classifier.onnx`, input: 'imagenet', protocols: ['crop'] } as const
  expect(await messageOf(submitSlurm({ tasks: 2, print: true, study }), UsageError)).toMatch(/needs `out`/)
  const { scripts, estimate } = await submitSlurm({ tasks: 2, print: true, study: { ...study, out: folder('out') } })
  expect(scripts.array).toMatch(/main\.js consistency .*\/consistency\/ --model .* --no-report\n$/)
  // Ten crops of each of six photographs.
  expect(estimate).toMatchObject({ images: 60, arithmeticSeconds: 0 })
  expect(existsSync(folder('out'))).toBe(false)
})

it.each([
  [{ tasks: 0 }, /`tasks`/],
  [{ tasks: 10_001 }, /^`tasks 10001` is more than the limit of 10000; use fewer$/],
  [{ tasks: 2, cpus: 1.5 }, /`cpus`/],
  [{ tasks: 2, gpus: 0 }, /`gpus`/],
  [{ tasks: 2, minutes: -1 }, /`time`/],
])('a submission of %j is refused', async (options, message) => {
  await expect(submitSlurm({ ...options, study: {} })).rejects.toThrow(UsageError)
  await expect(submitSlurm({ ...options, study: {} })).rejects.toThrow(message)
})

it('a job asks for the memory of its features and of the copies of its weights', async () => {
  const study = { models: ['tiny-alexnet'], sizes: [75], stride: 24, out: folder('out') }
  const submit = (cpus: number, gpus?: number) =>
    submitSlurm({ tasks: 2, cpus, ...(gpus && { gpus }), minutes: 15, print: true, study })
  const of = async (cpus: number, gpus?: number) => {
    const { scripts, estimate, jobs } = await submit(cpus, gpus)
    expect(jobs).toBeNull()
    return { memory: Number(/--mem=(\d+)M/.exec(scripts.array)?.[1]), estimate }
  }
  const { memory, estimate } = await of(4)
  const MEBIBYTE = 2 ** 20
  const { featureBytes, weightsBytes } = estimate
  expect(memory).toBe(1024 + Math.ceil((featureBytes + 5 * weightsBytes) / MEBIBYTE))
  // No more copies than 600 MiB hold; a GPU measures one unit while it extracts the next.
  const most = featureBytes + weightsBytes + 600 * MEBIBYTE
  expect((await of(10_000)).memory).toBe(1024 + Math.ceil(most / MEBIBYTE))
  expect((await of(10_000, 1)).memory).toBe(1024 + Math.ceil((most + featureBytes) / MEBIBYTE))
})

it.each([
  // Twice: an hour of units in four tasks, at least one unit, and half an hour of arithmetic.
  [{ seconds: 3600, unitSeconds: 60, arithmeticSeconds: 1800 }, 2 * (15 + 30)],
  [{ seconds: 3600, unitSeconds: 1200, arithmeticSeconds: 1800 }, 2 * (20 + 30)],
  [{ seconds: 0, unitSeconds: 0, arithmeticSeconds: 3600 }, 2 * 60],
  [{ seconds: 60, unitSeconds: 60, arithmeticSeconds: 60 }, 15],
])('for the times %j, each task asks for %i minutes', (times, minutes) => {
  expect(minutesOf(times, 4, availableCores())).toBe(minutes)
})

it('feature arithmetic is timed, unless the time limit is given', async () => {
  const arithmetic = { models: ['tiny-alexnet-aa'], experiments: ['arithmetic'], expressions: 1 } as const
  const given = { tasks: 2, print: true, study: { ...arithmetic, out: folder('out') } }
  const { estimate } = await submitSlurm(given)
  expect(estimate).toMatchObject({ images: 0, seconds: 0, unitSeconds: 0 })
  expect(estimate.arithmeticSeconds).toBeGreaterThan(0)
  const limited = await submitSlurm({ ...given, minutes: 20 })
  expect(limited.scripts.array).toContain('--time=20\n')
  expect(limited.estimate.arithmeticSeconds).toBeNull()
})

it('the report waits for all tasks to end, also those that fail', async () => {
  // Stands for Slurm, which tells the number of a job.
  writeFileSync(folder('sbatch'), '#!/bin/sh\necho "$@" >> "$0.log"\necho 71\n', { mode: 0o755 })
  vi.stubEnv('PATH', `${folder()}:${process.env.PATH}`)
  const study = { models: ['tiny-alexnet'], sizes: [75], stride: 24, out: folder('waiting') }
  const { folder: scripts, jobs } = await submitSlurm({ tasks: 2, minutes: 15, study })
  vi.unstubAllEnvs()
  expect(jobs).toEqual({ array: '71', report: '71' })
  expect(readFileSync(folder('sbatch.log'), 'utf8').split('\n').slice(1)).toEqual([
    `--parsable ${scripts}/array.sh`,
    `--parsable --dependency=afterany:71 ${scripts}/report.sh`,
    '',
  ])
})

it('nothing is written where there is no Slurm', async () => {
  vi.stubEnv('PATH', '/nowhere')
  const study = { models: ['tiny-alexnet'], sizes: [75], stride: 24, out: folder('none') }
  const submission = submitSlurm({ tasks: 2, minutes: 15, study })
  await expect(submission).rejects.toThrow(ClusterError)
  await expect(submission).rejects.toThrow('cannot run sbatch; run this command on a machine of the cluster, or print')
  expect(existsSync(folder('none'))).toBe(false)
  vi.unstubAllEnvs()
})
