import { Command } from 'commander'
import type { CompareOptions } from '../../compare/compare.js'
import type { ComparedOutcome, Comparison } from '../../compare/result.js'
import { LimitError, UsageError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { counted } from '../../support/text.js'
import { addExamples } from '../options/help.js'
import { collectLimits, parsePath } from '../options/parse.js'
import { print, printJson, printTable, say } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

interface Flags extends Pick<CompareOptions, 'maxWorse'> {
  readonly all?: boolean
  readonly markdown?: string
  readonly json?: boolean
}

export function compareCommand({ signal }: CommandContext): Command {
  return addExamples(
    new Command('compare'),
    'shiftscope reproduce --models tiny-alexnet --out plain',
    'shiftscope reproduce --models tiny-alexnet-aa --out blurred',
    'shiftscope compare plain blurred --max-worse answer-agreement=0.1',
  )
    .description('compare two results folders, and fail if a measure became worse')
    .argument('<before>', 'results folder of consistency or reproduce, or FOLDER#NETWORK')
    .argument('<after>', 'results folder that became better or worse, or FOLDER#NETWORK')
    .option(
      '--max-worse <measure=n>',
      'end with status 5 if a mean gets more than n worse (shares are 0–1); repeatable',
      collectLimits,
    )
    .option('--all', 'print all measures, not only those of the short tables')
    .option('--markdown <file>', 'write Markdown for a pull request; - for stdout', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (before: string, after: string, { maxWorse, all = false, markdown, json }: Flags) => {
      if (json && markdown === '-') throw new UsageError('--json and --markdown - would both print to stdout; use one')
      const { compare } = await import('../../compare/compare.js')
      const { comparisonMarkdown, exceededText } = await import('../../compare/document.js')
      const options = { onProgress: terminalProgress(), signal, ...(maxWorse && { maxWorse }) }
      const comparison = await compare(before, after, options)
      const text = markdown === undefined ? '' : comparisonMarkdown(comparison)
      if (markdown !== undefined && markdown !== '-') await writeFileAtomic(markdown, text)
      if (json) printJson(comparison)
      else if (markdown === '-') process.stdout.write(text)
      else await printComparison(comparison, all)
      if (comparison.limits.some(({ isExceeded }) => isExceeded)) throw new LimitError(exceededText(comparison.limits))
    })
}

const MARKS: Readonly<Record<ComparedOutcome, string>> = { better: '✓', worse: '✗', changed: '≠', neither: '?' }

async function printComparison({ networks, limits, notes }: Comparison, all: boolean): Promise<void> {
  const {
    limitText,
    MEASURE_HEAD,
    metricCells: measureCells,
    networksText,
    pairsText,
  } = await import('../../compare/document.js')
  for (const compared of networks) {
    print(`${networksText(compared)}: ${pairsText(compared)}`)
    const shown = compared.measures.filter(({ isHeadline }) => all || isHeadline)
    for (const group of new Set(shown.map((row) => row.group))) {
      const own = shown.filter((row) => row.group === group)
      const counts = own.map(({ count }) => count)
      const [least, most] = [Math.min(...counts), Math.max(...counts)]
      print('')
      print(`${group}: ${least < most ? `${least} to ` : ''}${counted(most, 'pair')}`)
      printTable(
        ['measure', ...MEASURE_HEAD, ''],
        own.map((row) => [row.label, ...measureCells(row), MARKS[row.outcome]]),
      )
    }
    print('')
    const more = compared.measures.length - shown.length
    if (more > 0) print(`${counted(more, 'more measure')} with --all or --json`)
  }
  print('✓ better, ✗ worse, ≠ changed (without direction), ? open: may be chance')
  limits.map(limitText).forEach(print)
  notes.forEach(say)
}
