import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contents, shiftscope, start, until } from '../support/commandLine.js'
import { type Slurm, slurmGap, startSlurm } from '../support/slurm.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const STUDY = ['--models', 'tiny-alexnet,tiny-alexnet-aa', '--sizes', '75', '--stride', '24']
const UNITS = 20

const gap = slurmGap()
if (gap) console.warn(`skipped: jobs of Slurm, since ${gap}`)

const folder = sharedFolder()

describe.skipIf(gap !== undefined)('a study on Slurm', () => {
  let slurm: Slurm
  beforeAll(async () => {
    slurm = await startSlurm(6)
  }, 180_000)
  afterAll(() => slurm?.stop())

  /** State of a job, or of one task of an array. */
  const stateOf = (job: string) =>
    slurm.run('squeue', '--noheader', '--states=all', '--format=%T', `--jobs=${job}`).trim()
  /** Process of a task, which has the number of its job in its environment. */
  const pidOf = async (task: string) => {
    const job = slurm.run('squeue', '--noheader', '--format=%A', `--jobs=${task}`).trim()
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const environment = await readFile(join('/proc', pid, 'environ'), 'utf8').catch(() => '')
      if (environment.split('\0').includes(`SLURM_JOB_ID=${job}`)) return Number(pid)
    }
    throw new Error(`no process of ${task}`)
  }

  it('ends with the bytes of one process, though a task is killed and another preempted', {
    timeout: 300_000,
  }, async () => {
    const reference = folder('reference')
    expect((await shiftscope('reproduce', ...STUDY, '--out', reference)).status).toBe(0)
    const out = folder('slurm study')
    const submission = ['submit', 'slurm', '--tasks', '3', '--cpus', '1', '--time', '00:20:00', '--json']
    const { status, stdout, stderr } = await start([...submission, ...STUDY, '--out', out], slurm.env).ended
    expect(status, stderr).toBe(0)
    const { jobs } = JSON.parse(stdout)
    await until(async () => {
      if (!existsSync(join(out, 'run.json'))) return false
      const { units, workers } = JSON.parse((await shiftscope('status', out, '--json')).stdout)
      return units.total === UNITS && units.done >= 2 && workers.length > 0
    })
    process.kill(await pidOf(`${jobs.array}_1`), 'SIGKILL')
    slurm.run('scontrol', 'requeue', `${jobs.array}_2`)
    await until(async () => stateOf(jobs.report) === 'COMPLETED')
    expect(stateOf(`${jobs.array}_1`)).toBe('FAILED')
    expect(stateOf(`${jobs.array}_2`)).toBe('COMPLETED')
    const made = Object.entries(await contents(out, ['run.json'])).filter(([name]) => !name.startsWith('slurm/'))
    expect(Object.fromEntries(made)).toEqual(await contents(reference, ['run.json']))
    expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([])
    expect((await readdir(join(out, 'slurm'))).filter((name) => name.endsWith('.sh'))).toEqual([
      'array.sh',
      'report.sh',
    ])
    const after = await shiftscope('status', out)
    expect(after.stdout).toBe(`${UNITS} of ${UNITS} units finished, 0 in progress, 0 left\n`)
    const { instructionSet, earlier } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'))
    expect(instructionSet).toBeTruthy()
    expect(earlier.length).toBeGreaterThan(0)
  })

  it('shares photographs, and ends with the bytes of one process though a task is killed', {
    timeout: 300_000,
  }, async () => {
    const golden = fileURLToPath(new URL('../golden/consistency/', import.meta.url))
    const photographs = folder('photographs')
    mkdirSync(photographs)
    // A PNG may be followed by other bytes, which make it another photograph.
    for (let i = 0; i < 60; i++)
      writeFileSync(
        join(photographs, `${i}.png`),
        Buffer.concat([readFileSync(`${golden}photograph-${i % 6}.png`), Buffer.from(String(i))]),
      )
    const study = [photographs, '--model', `${golden}classifier.onnx`, '--input', 'imagenet', '--draws', '200']
    const reference = folder('photographs reference')
    expect((await shiftscope('consistency', ...study, '--out', reference)).status).toBe(0)
    const out = folder('photographs study')
    const submission = ['submit', 'slurm', 'consistency', '--tasks', '3', '--cpus', '1', '--time', '20', '--json']
    const { status, stdout, stderr } = await start([...submission, ...study, '--out', out], slurm.env).ended
    expect(status, stderr).toBe(0)
    const { jobs } = JSON.parse(stdout)
    await until(async () => existsSync(join(out, 'run.json')))
    process.kill(await pidOf(`${jobs.array}_1`), 'SIGKILL')
    await until(async () => stateOf(jobs.report) === 'COMPLETED')
    expect(stateOf(`${jobs.array}_1`)).toBe('FAILED')
    const made = Object.entries(await contents(out, ['run.json'])).filter(([name]) => !name.startsWith('slurm/'))
    expect(Object.fromEntries(made)).toEqual(await contents(reference, ['run.json']))
    expect((await shiftscope('status', out)).stdout).toBe(
      'answers to 120 of 120 photographs finished, 0 in progress, 0 left\n',
    )
  })

  it('is refused in one line where a partition is not known', async () => {
    const args = ['submit', 'slurm', '--tasks', '2', '--partition', 'none', ...STUDY, '--out', folder('refused')]
    const { status, stderr } = await start(args, slurm.env).ended
    expect(status).toBe(1)
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^shiftscope: sbatch refused the job: .*invalid partition/i)
  })
})
