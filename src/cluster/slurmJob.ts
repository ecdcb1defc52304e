import { join } from 'node:path'
import { UsageError } from '../errors.js'
import type { ConsistencyOptions } from '../study/answers/options.js'
import type { ReproduceOptions } from '../study/maps/options.js'
import { counted, flagOf, listText, shellWord } from '../support/text.js'

export interface SlurmJob {
  readonly tasks: number
  readonly cpus: number
  readonly gpus: number
  /** Memory of each task in mebibytes. */
  readonly memory: number
  /** Time limit of each task in minutes. */
  readonly minutes: number
  readonly partition: string | null
  /** Absolute path of the results folder. Scripts and logs go into its folder `slurm`. */
  readonly out: string
  /** Folder in which the command runs. Relative paths among its arguments start there. */
  readonly folder: string
  /** The command line: interpreter, script, command of shiftscope, and its arguments. */
  readonly command: readonly string[]
}

/** Options of `reproduce` or `consistency`. Only a study of photographs has the option `photographs`. */
export type StudyOptions = Omit<ReproduceOptions, 'report'> | Omit<ConsistencyOptions, 'report'>

/**
 * The command of a study with its options as arguments: `inputMean: [1, 2, 3]` becomes `--input-mean 1,2,3`.
 */
export function studyWords({ onProgress, signal, ...study }: StudyOptions): readonly string[] {
  if ('photographs' in study) {
    const { photographs, ...options } = study
    // A path that begins with a dash would be read as an option.
    return ['consistency', photographs.replace(/^-/, './-'), ...optionWords(options)]
  }
  const { limits, pairs = [], ...options } = study
  const given = { ...options, ...(limits && { limits: [limits.low, limits.high] }) }
  return [
    'reproduce',
    ...optionWords(given),
    ...pairs.flatMap(({ plain, variant }) => ['--pair', `${plain}=${variant}`]),
  ]
}

function optionWords(given: object): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const flag = flagOf(name)
    if (value === undefined || value === false) return []
    if (value === true) return [flag]
    if (typeof value !== 'object' || Array.isArray(value)) return [flag, argument(value)]
    return Object.entries(value).flatMap(([id, own]) => [flag, `${id}=${argument(own)}`])
  })
}

function argument(value: unknown): string {
  return Array.isArray(value) ? listText(value) : String(value)
}

export function slurmFolder({ out }: Pick<SlurmJob, 'out'>): string {
  return join(out, 'slurm')
}

export function arrayScript(job: SlurmJob): string {
  return script(job, {
    comment: [
      `Computes a study in ${counted(job.tasks, 'task')}, which share its work. Slurm starts a preempted task again;`,
      'results that it has finished are kept and not computed again. "man sbatch" explains the options above.',
    ],
    options: [`--array=1-${job.tasks}`, `--output=${join(slurmFolder(job), '%A_%a.log')}`],
    arguments: ['--no-report'],
  })
}

/** Script of the job that runs after the job array. It computes missing units, then writes the report. */
export function reportScript(job: SlurmJob): string {
  return script(job, {
    comment: ['Runs after all tasks have ended. Computes the results that are still missing, then writes the report.'],
    options: [`--output=${join(slurmFolder(job), '%j.log')}`],
    arguments: [],
  })
}

interface ScriptParts {
  readonly comment: readonly string[]
  readonly options: readonly string[]
  readonly arguments: readonly string[]
}

/** Makes a job script. It starts the command with `exec`, so that signals to the shell reach the command. */
function script(job: SlurmJob, { comment, options, arguments: more }: ScriptParts): string {
  const { cpus, gpus, memory, minutes, partition, folder, command } = job
  const all = [
    '--job-name=shiftscope',
    ...options,
    '--open-mode=append',
    '--requeue',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    `--mem=${memory}M`,
    `--time=${minutes}`,
    ...(gpus > 0 ? [`--gres=gpu:${gpus}`] : []),
    ...(partition === null ? [] : [`--partition=${partition}`]),
    `--chdir=${folder}`,
  ]
  return [
    '#!/bin/bash',
    ...all.map((option) => `#SBATCH ${directive(option)}`),
    '',
    ...comment.map((line) => `# ${line}`),
    `exec ${[...command, ...more].map(shellWord).join(' ')}`,
    '',
  ].join('\n')
}

/** @throws UsageError for a control character, such as a line break, which would end the option early */
function directive(option: string): string {
  if (/\p{Cc}/u.test(option))
    throw new UsageError(
      `${option} contains a line break or another control character, which is not allowed in a job script; remove it`,
    )
  const [name, ...value] = option.split('=')
  const text = value.join('=')
  return /[\s"#]/.test(text) ? `${name}="${text.replaceAll('"', '\\"')}"` : option
}
