import { Command } from 'commander'
import { type SlurmOptions, submitSlurm } from '../../cluster/submit.js'
import { counted } from '../../counted.js'
import type { ReproduceOptions } from '../../study/runOptions.js'
import type { CommandContext } from '../context.js'
import { duration, print, printJson } from '../output.js'
import { parseMinutes, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { addStudyOptions } from './reproduce.js'

interface SlurmFlags extends Omit<SlurmOptions, 'study' | 'minutes'> {
  readonly time?: number
  readonly json?: boolean
}

export function submitCommand({ signal }: CommandContext): Command {
  const slurm = new Command('slurm')
    .description(
      'write a job script into the results folder and give it to sbatch: an array of tasks that share the units, and a job after it that writes the report',
    )
    .requiredOption('--tasks <n>', 'processes that share the units', parseWhole)
    .option('--cpus <n>', 'processor cores of each task', parseWhole, 4)
    .option('--gpus <n>', 'GPUs of each task; give --device too', parseWhole)
    .option('--time <t>', 'longest time of each task, MINUTES or HH:MM:SS; by an estimate', parseMinutes)
    .option('--partition <name>', 'where the jobs run; the cluster’s own choice by default')
    .option('--print', 'only show the scripts; nothing is written or submitted')
  addStudyOptions(slurm)
    .option('--json', 'print one JSON document to stdout')
    .action(async (flags: SlurmFlags & ReproduceOptions, command: Command) => {
      const { tasks, cpus, gpus, time, partition, print: isOnlyShown, json, ...study } = flags
      const given = Object.entries(study).filter(([name]) => command.getOptionValueSource(name) !== 'default')
      const submission = await submitSlurm({
        tasks,
        ...(cpus !== undefined && { cpus }),
        ...(gpus !== undefined && { gpus }),
        ...(time !== undefined && { minutes: time }),
        ...(partition !== undefined && { partition }),
        ...(isOnlyShown && { print: isOnlyShown }),
        study: { ...Object.fromEntries(given), onProgress: terminalProgress(), signal },
      })
      if (json) return printJson(submission)
      const { scripts, folder, jobs, estimate } = submission
      if (jobs === null) {
        process.stdout.write(`${scripts.array}\n${scripts.report}`)
        return
      }
      const units = estimate.units - estimate.finished
      print(
        `job ${jobs.array}: ${counted(tasks, 'task')} for ${counted(units, 'unit')}; job ${jobs.report} writes the report after it`,
      )
      const guess = estimate.seconds > 0 ? `about ${duration(estimate.seconds)} for the images on this machine; ` : ''
      print(`${guess}scripts and logs are in ${folder}`)
    })
  return new Command('submit').description('hand a study to a cluster').addCommand(slurm)
}
