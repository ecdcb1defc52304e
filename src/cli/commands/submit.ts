import { Command } from 'commander'
import type { SlurmOptions } from '../../cluster/submit.js'
import type { ReproduceOptions } from '../../study/maps/options.js'
import { counted } from '../../support/text.js'
import { addExamples } from '../options/help.js'
import { parseMinutes, parseWhole } from '../options/parse.js'
import { duration, print, printJson } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'
import { addConsistencyOptions } from './consistency.js'
import { addStudyOptions } from './reproduce.js'

interface SlurmFlags extends Omit<SlurmOptions, 'study' | 'minutes'> {
  readonly time?: number
  readonly json?: boolean
}

export function submitCommand(context: CommandContext): Command {
  const example = 'shiftscope submit slurm --tasks 4 --print'
  const slurm = addExamples(new Command('slurm'), example)
    .description('submit a study to Slurm: an array of tasks, then a job for the report')
    .addCommand(objectsCommand(context), { isDefault: true })
    .addCommand(photographsCommand(context))
  return addExamples(new Command('submit'), example).description('submit a study to a cluster').addCommand(slurm)
}

function objectsCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('reproduce'),
    'shiftscope submit slurm reproduce --tasks 4 --print',
  ).description('submit a study of objects (default)')
  return addStudyOptions(addSlurmOptions(command))
    .option('--json', 'print one JSON document to stdout')
    .action((flags: SlurmFlags & ReproduceOptions, self: Command) => submit(flags, self, { signal }))
}

function photographsCommand({ signal }: CommandContext): Command {
  const example = 'shiftscope submit slurm consistency photographs --model mobilenet_v2 --out results --tasks 4 --print'
  const command = addExamples(new Command('consistency'), example).description('submit a study of photographs')
  return addConsistencyOptions(addSlurmOptions(command))
    .option('--json', 'print one JSON document to stdout')
    .action((photographs: string, flags: SlurmFlags, self: Command) => submit(flags, self, { signal, photographs }))
}

function addSlurmOptions(command: Command): Command {
  return command
    .optionsGroup('How to submit:')
    .requiredOption('--tasks <n>', 'split the study among this many processes', parseWhole)
    .option('--cpus <n>', 'request this many cores per task', parseWhole, 4)
    .option('--gpus <n>', 'request this many GPUs per task; give --device too', parseWhole)
    .option('--time <t>', 'limit each task to MINUTES or HH:MM:SS [default: estimated]', parseMinutes)
    .option('--partition <name>', 'run on this Slurm partition [default: the cluster’s own]')
    .option('--print', 'print the scripts without writing or submitting them')
}

/** @param more options of the study that are no flags */
async function submit(flags: SlurmFlags, command: Command, more: object): Promise<void> {
  const { submitSlurm } = await import('../../cluster/submit.js')
  const { tasks, cpus, gpus, time, partition, print: isOnlyShown, json, ...study } = flags
  const given = Object.entries(study).filter(([name]) => command.getOptionValueSource(name) !== 'default')
  const submission = await submitSlurm({
    tasks,
    ...(cpus !== undefined && { cpus }),
    ...(gpus !== undefined && { gpus }),
    ...(time !== undefined && { minutes: time }),
    ...(partition !== undefined && { partition }),
    ...(isOnlyShown && { print: isOnlyShown }),
    study: { ...Object.fromEntries(given), ...more, onProgress: terminalProgress() },
  })
  if (json) return printJson(submission)
  const { scripts, folder, jobs, estimate } = submission
  if (jobs === null) {
    process.stdout.write(`${scripts.array}\n${scripts.report}`)
    return
  }
  print(
    `job ${jobs.array} computes ${counted(estimate.images, 'image')} in ${counted(tasks, 'task')}; job ${jobs.report} then writes the report`,
  )
  const { seconds, arithmeticSeconds } = estimate
  const needed = seconds === null || arithmeticSeconds === null ? undefined : duration(seconds + arithmeticSeconds)
  const guess = needed === undefined ? '' : `this machine would need about ${needed} to compute the images; `
  print(`${guess}scripts and logs are in ${folder}`)
}
