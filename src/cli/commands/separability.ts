import { Command, Option } from 'commander'
import { FOLD_SCHEMES, type FoldScheme, LOSSES, type SeparabilityOptions, separability, TASKS } from '../../index.js'
import type { CommandContext } from '../context.js'
import { duration, printJson, printTable, say } from '../output.js'
import { parseNatural, parsePositive, parseWhole } from '../parse.js'

export function separabilityCommand({ signal }: CommandContext): Command {
  return new Command('separability')
    .description('how well linear classifiers tell left from right and top from bottom by the features of a file')
    .argument('<file.npy>', 'features, float32 [rows, cols, dims], as extract writes them')
    .addOption(new Option('--loss <name>', 'loss of the classifier').choices(LOSSES).default('hinge'))
    .option('--C <weight>', 'weight of the losses', parsePositive, 1)
    .addOption(new Option('--cv <scheme>', 'how positions are dealt to folds').choices(FOLD_SCHEMES).default('ordered'))
    .option('--seed <n>', 'seed of shuffled and blocks', parseNatural, 0)
    .option('--threads <n>', 'threads; all cores by default', parseWhole)
    .option(
      '--device <name>',
      'what trains: cpu, cuda or cuda:INDEX; auto: the first CUDA device for large files, where one can be used',
      'auto',
    )
    .option('--json', 'print one JSON document to stdout')
    .action(
      async (
        file: string,
        { json, ...options }: Omit<SeparabilityOptions, 'cv'> & { cv: FoldScheme; json?: boolean },
      ) => {
        const result = await separability(file, { ...options, signal })
        if (json) return printJson(result)
        printTable(
          ['task', ...[1, 2, 3, 4, 5].map((fold) => `fold ${fold}`), 'mean', 'std'],
          TASKS.map((task) => {
            const { folds, mean, std } = result[task]
            return [task, ...[...folds, mean, std].map((value) => value?.toFixed(4) ?? '–')]
          }),
        )
        for (const task of TASKS) {
          const { gaps, notConverged } = result[task]
          for (const fold of notConverged) {
            say(
              `${task}, fold ${fold + 1}: the classifier did not converge, relative gap ${gaps[fold]?.toExponential(1)}`,
            )
          }
        }
        const { device, adapter, failure } = result
        if (failure !== undefined) say(`${device} failed (${failure}); the processor trained instead`)
        say(
          `${duration(result.seconds)} on ${failure !== undefined || adapter === null ? 'the processor' : `${device} (${adapter})`}`,
        )
      },
    )
}
