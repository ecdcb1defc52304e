import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { ClusterError, DeviceError, UsageError, words } from '../errors.js'
import { makeWritableFolder, writeFileAtomic } from '../files/atomic.js'
import { packageFolder } from '../files/package.js'
import { estimateConsistency } from '../study/answers/estimate.js'
import type { WorkEstimate } from '../study/items/estimate.js'
import { estimateStudy } from '../study/maps/estimate.js'
import { checkCount } from '../support/checks.js'
import { availableCores } from '../support/machine.js'
import { type GivenOptions, parseOptions } from '../support/optionChecks.js'
import { arrayScript, reportScript, type SlurmJob, type StudyOptions, slurmFolder, studyWords } from './slurmJob.js'

const OPTIONS = {
  /** Number of processes that share the work, 1 to 10000. */
  tasks: z.number(),
  /** Processor cores per process; 4 by default. */
  cpus: z.number().default(4),
  /** GPUs per process; none by default. */
  gpus: z.number().exactOptional(),
  /** Time limit of each process in minutes; by default estimated from a short benchmark of each network. */
  minutes: z.number().exactOptional(),
  /** Slurm partition to run on; by default the default partition of the cluster. */
  partition: z.string().exactOptional(),
  /** Options of `reproduce` or, with `photographs`, of `consistency`. They become the command line of each job. */
  study: z.custom<StudyOptions>((value) => typeof value === 'object' && value !== null, 'an object'),
  /** Return the scripts without writing or submitting them; false by default. */
  print: z.boolean().default(false),
}

/** Options of `submitSlurm`. */
export interface SlurmOptions extends GivenOptions<typeof OPTIONS> {}

/** The submitted jobs and their scripts. */
export interface SlurmSubmission {
  /** Text of the two job scripts. */
  readonly scripts: { readonly array: string; readonly report: string }
  /** Folder that holds the scripts; null with `print`, which writes none. */
  readonly folder: string | null
  /** Slurm's IDs of the two jobs; null with `print`, which submits none. */
  readonly jobs: { readonly array: string; readonly report: string } | null
  /** Estimated cost of the study. Its times are null if you set `minutes`. */
  readonly estimate: WorkEstimate
}

/** Largest number of tasks in one array job. Clusters usually allow fewer (Slurm's MaxArraySize). */
const MOST_TASKS = 10_000

/**
 * Submits a study to Slurm as two jobs. The first is an array job, whose tasks share the work. When all of them have
 * ended, the second job writes the report. The scripts stay in the results folder.
 *
 * @throws UsageError for invalid options. Without `minutes`, also if this machine lacks the study's device
 * @throws InputError if weights are missing
 * @throws ClusterError if sbatch is missing or refuses a job
 * @throws OutputError if the scripts cannot be written
 */
export async function submitSlurm(options: SlurmOptions): Promise<SlurmSubmission> {
  const { tasks, cpus, gpus = 0, partition = null, study, print } = parseOptions(options, OPTIONS)
  checkCount('tasks', tasks)
  checkCount('cpus', cpus)
  if (options.gpus !== undefined) checkCount('gpus', gpus)
  if (options.minutes !== undefined) checkCount('time', options.minutes)
  if (tasks > MOST_TASKS) throw UsageError.of`\`tasks ${tasks}\` is more than the limit of ${MOST_TASKS}; use fewer`
  const out = resolve(outOf(study))
  const estimate = await estimateOf(study, options.minutes === undefined)
  const job: SlurmJob = {
    tasks,
    cpus,
    gpus,
    partition,
    out,
    folder: process.cwd(),
    memory: memoryOf(estimate, cpus, gpus),
    // Without `minutes`, the estimate has times.
    minutes: options.minutes ?? minutesOf(estimate as Times, tasks, cpus),
    command: [process.execPath, join(packageFolder(), 'dist', 'cli', 'main.js'), ...studyWords(study)],
  }
  const scripts = { array: arrayScript(job), report: reportScript(job) }
  if (print) return { scripts, folder: null, jobs: null, estimate }
  // Throws an error if sbatch is missing. Up to here, nothing has been written.
  await runSbatch(['--version'])
  const folder = slurmFolder(job)
  await makeWritableFolder(folder)
  await writeFileAtomic(join(folder, 'array.sh'), scripts.array)
  await writeFileAtomic(join(folder, 'report.sh'), scripts.report)
  const array = await sbatch([join(folder, 'array.sh')])
  const report = await sbatch(
    [`--dependency=afterany:${array}`, join(folder, 'report.sh')],
    `; job ${array}, which computes the study, is already submitted (to cancel it, run "scancel ${array}")`,
  )
  return { scripts, folder, jobs: { array, report }, estimate }
}

/**
 * Memory in mebibytes that each task needs for the features in memory, the weights, and the workers' copies of the
 * weights. With a GPU, the next object's features are in memory, too, because they are computed while the current
 * object's features are measured.
 */
function memoryOf({ featureBytes, weightsBytes }: WorkEstimate, cpus: number, gpus: number): number {
  const copies = Math.min(cpus * weightsBytes, Math.max(weightsBytes, 600 * 2 ** 20))
  return Math.ceil((featureBytes * (gpus > 0 ? 2 : 1) + weightsBytes + copies) / 2 ** 20) + 1024
}

/**
 * Ratio of the time limit to the estimated time, which covers the computation of features and arithmetic. The ratio
 * leaves time for training classifiers, and for machines that are slower than this one.
 */
const MARGIN = 2
const LEAST_MINUTES = 15

type Times = Readonly<Record<'seconds' | 'unitSeconds' | 'arithmeticSeconds', number>>

/** Time limit of each task in minutes, estimated from a trial on all cores of this machine. */
export function minutesOf({ seconds, unitSeconds, arithmeticSeconds }: Times, tasks: number, cpus: number): number {
  // Tasks cannot share a unit or a bucket of photographs, so each takes at least as long as one of them.
  // One task may have to compute all arithmetic, if the others are still busy with units.
  const ofTask = Math.max(seconds / tasks, unitSeconds) + arithmeticSeconds
  const each = (ofTask * availableCores()) / cpus
  return Math.max(LEAST_MINUTES, Math.ceil((each * MARGIN) / 60))
}

function outOf(study: StudyOptions): string {
  if (study.out !== undefined) return study.out
  if ('photographs' in study)
    throw UsageError.of`a study of photographs on a cluster needs \`out\`, a folder that all tasks share`
  return 'shiftscope-results'
}

async function estimateOf(study: StudyOptions, isTimed: boolean): Promise<WorkEstimate> {
  try {
    return await ('photographs' in study ? estimateConsistency(study, isTimed) : estimateStudy(study, isTimed))
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    throw new UsageError(
      words`cannot estimate the time limit, because this machine does not have the study’s device; set the limit with \`time\``,
      { cause: error },
    )
  }
}

/** @returns Slurm's ID of the job */
async function sbatch(args: readonly string[], before = ''): Promise<string> {
  const { status, stdout, stderr } = await runSbatch(['--parsable', ...args])
  const [number] = /^\d+/.exec(stdout) ?? []
  if (status === 0 && number !== undefined) return number
  const reason = stderr.trim().split('\n').at(-1) || `exit status ${status}`
  throw new ClusterError(`sbatch refused the job: ${reason}; check its script ${args.at(-1)}${before}`)
}

function runSbatch(args: readonly string[]) {
  return new Promise<{ status: number | null | undefined; stdout: string; stderr: string }>((done, fail) => {
    const { stdin } = execFile('sbatch', args, { maxBuffer: Number.POSITIVE_INFINITY }, (error, stdout, stderr) => {
      // The code is a text, such as ENOENT, only if the program could not be started.
      if (typeof error?.code !== 'string') return done({ status: error === null ? 0 : error.code, stdout, stderr })
      const message = words`cannot run sbatch; run this command on a machine of the cluster, or print the scripts with \`print\``
      fail(new ClusterError(message, { cause: error }))
    })
    // A site's own wrapper of sbatch may wait for the end of its standard input.
    stdin?.end()
  })
}
