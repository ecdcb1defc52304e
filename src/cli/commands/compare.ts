import { Command } from 'commander'
import type { CompareOptions } from '../../compare/compare.js'
import type { ComparedMeasure, ComparedNetworks, Comparison } from '../../compare/result.js'
import { LimitError, UsageError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { counted } from '../../support/text.js'
import type { CommandContext } from '../context.js'
import { addExamples } from '../help.js'
import { print, printJson, printTable, say, TERMINAL_COLUMNS, wrapped } from '../output.js'
import { collectLimits, parsePath } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

interface Flags extends Pick<CompareOptions, 'maxWorse'> {
  readonly all?: boolean
  readonly markdown?: string
  readonly json?: boolean
}

export function compareCommand({ signal }: CommandContext): Command {
  return addExamples(
    new Command('compare'),
    'shiftscope consistency photographs --model tiny-alexnet --out plain',
    'shiftscope consistency photographs --model tiny-alexnet-aa --out blurred',
    "shiftscope compare plain blurred --max-worse 'diagonal change=0.02'",
  )
    .description('compare two results folders, and fail if a measure became worse')
    .argument('<before>', 'results folder of consistency or reproduce, or FOLDER#NETWORK')
    .argument('<after>', 'results folder that became better or worse, or FOLDER#NETWORK')
    .option('--max-worse <measure=n>', 'end with status 5 if a mean gets worse by more; repeatable', collectLimits)
    .option('--all', 'print all measures, not only those of the short tables')
    .option('--markdown <file>', 'write Markdown for a pull request; - for stdout', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (before: string, after: string, { maxWorse, all = false, markdown, json }: Flags) => {
      if (json && markdown === '-') throw new UsageError('--json and --markdown - would both print to stdout; use one')
      const { compare } = await import('../../compare/compare.js')
      const { comparisonMarkdown } = await import('../../compare/document.js')
      const options = { onProgress: terminalProgress(), signal, ...(maxWorse && { maxWorse }) }
      const comparison = await compare(before, after, options)
      const text = markdown === undefined ? '' : comparisonMarkdown(comparison)
      if (markdown !== undefined && markdown !== '-') await writeFileAtomic(markdown, text)
      if (json) printJson(comparison)
      else if (markdown === '-') process.stdout.write(text)
      else await printComparison(comparison, all)
      const exceeded = comparison.limits.filter(({ isExceeded }) => isExceeded)
      if (exceeded.length > 0)
        throw new LimitError(
          `${exceeded.map(({ measure }) => measure).join('; ')} became worse by more than the limit; see the results above`,
        )
    })
}

async function printComparison({ kind, networks, limits, notes }: Comparison, all: boolean): Promise<void> {
  const { limitText, networksText, pairsText } = await import('../../compare/document.js')
  for (const compared of networks) {
    print(`${networksText(compared)}: ${pairsText(compared, kind)}`)
    await printMeasures(compared, all)
  }
  print('✓ better, ✗ worse, ≠ changed (neither is better), ? open: the interval contains 0')
  limits.map(limitText).forEach(print)
  for (const note of notes) wrapped(note, TERMINAL_COLUMNS).forEach(say)
}

const MARKS: Readonly<Record<ComparedMeasure['change'], string>> = {
  better: '✓',
  worse: '✗',
  changed: '≠',
  neither: '?',
}

async function printMeasures({ measures }: ComparedNetworks, all: boolean): Promise<void> {
  const { differenceText, intervalText, valueText } = await import('../../compare/document.js')
  const shown = measures.filter(({ isHeadline }) => all || isHeadline)
  for (const group of new Set(shown.map((row) => row.group))) {
    const own = shown.filter((row) => row.group === group)
    const counts = [...new Set(own.map(({ count }) => count))]
    print(
      `\n${group} (${counts.length === 1 ? counted(own[0]?.count ?? 0, 'pair') : `${Math.min(...counts)}–${Math.max(...counts)} pairs`})`,
    )
    printTable(
      ['measure', 'before', 'after', 'difference', '95 % interval', 'sign p', ''],
      own.map((row) => [
        row.label,
        valueText(row.before),
        valueText(row.after),
        differenceText(row),
        intervalText(row),
        row.signTest.p.toFixed(3),
        MARKS[row.change],
      ]),
    )
  }
  const more = measures.length - shown.length
  if (more > 0) print(`\n${counted(more, 'more measure')} with --all or --json`)
}
