import { Command } from 'commander'
import { FOLD_SCHEMES, type FoldScheme, TASKS } from '../../experiments/classifiers/folds.js'
import type { SeparabilityOptions } from '../../features/separability.js'
import { addExamples } from '../options/help.js'
import { parseList, parseNatural, parsePositive, parseWhole } from '../options/parse.js'
import { duration, printJson, printTable, say } from '../output/output.js'
import type { CommandContext } from '../process/context.js'
import { EXTRACT_EXAMPLE } from './extract.js'

interface Options extends Omit<SeparabilityOptions, 'cv' | 'signal'> {
  readonly cv?: readonly FoldScheme[]
  readonly json?: boolean
}

export function separabilityCommand({ signal }: CommandContext): Command {
  return addExamples(
    new Command('separability'),
    EXTRACT_EXAMPLE,
    'shiftscope separability dog/fc7.npy --cv ordered,shuffled',
  )
    .description('measure how well features tell in which half of the image the object is')
    .argument('<file.npy>', 'features that extract wrote, float32 [rows, cols, dims]')
    .option('--C <weight>', 'set the SVM’s C, the weight of errors', parsePositive, 1)
    .option('--cv <a,b>', `use folds ${FOLD_SCHEMES.join(', ')} [default: ordered]`, parseList)
    .option('--seed <n>', 'seed random folds', parseNatural, 0)
    .option('--threads <n>', 'use this many threads [default: all cores]', parseWhole)
    .option('--device <name>', 'train on cpu, cuda, cuda:INDEX or auto (cuda for large files)', 'auto')
    .option('--json', 'print one JSON document to stdout')
    .action(async (file: string, { json, cv = ['ordered'], ...others }: Options) => {
      const { separability } = await import('../../features/separability.js')
      const options = { ...others, signal }
      const result =
        cv.length === 1
          ? await separability(file, { ...options, cv: cv[0]! })
          : await separability(file, { ...options, cv })
      if (json) return printJson(result)
      const schemes = 'schemes' in result ? Object.entries(result.schemes) : [[result.cv, result] as const]
      const rows = schemes.flatMap(([scheme, tasks]) =>
        TASKS.map((task) => ({ names: schemes.length > 1 ? [scheme, task] : [task], ...tasks[task] })),
      )
      const head = schemes.length > 1 ? ['folds', 'task'] : ['task']
      printTable(
        [...head, ...[1, 2, 3, 4, 5].map((fold) => `fold ${fold}`), 'mean', 'std'],
        rows.map(({ names, folds, mean, std }) => [
          ...names,
          ...[...folds, mean, std].map((value) => value?.toFixed(4) ?? '–'),
        ]),
      )
      for (const { names, gaps, notConverged } of rows) {
        for (const fold of notConverged) {
          say(
            `${names.join(' ')}, fold ${fold + 1}: the classifier did not converge (relative duality gap ${gaps[fold]?.toExponential(1)})`,
          )
        }
      }
      const { device, adapter, failure, coarse } = result
      if (coarse !== undefined) say(`${coarse}; extract with a smaller --stride`)
      if (failure !== undefined) say(`${device} failed (${failure}); the processor trained the classifiers instead`)
      say(
        `${duration(result.seconds)} on ${failure !== undefined || adapter === null ? 'the processor' : `${device} (${adapter})`}`,
      )
    })
}
