import { Command, Option } from 'commander'
import type { CompareOptions } from '../../compare/compare.js'
import type { CheckedLimit, ComparedMetric, ComparedNetworks, Comparison } from '../../compare/result.js'
import { LimitError, UsageError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { counted } from '../../support/text.js'
import { addExamples } from '../options/help.js'
import { collectLimits, collectMargins, parsePath } from '../options/parse.js'
import { print, printJson, printTable, say, sayError } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

interface Flags extends Pick<CompareOptions, 'maxWorse' | 'equivalent'> {
  readonly undecided: 'pass' | 'fail'
  readonly all?: boolean
  readonly markdown?: string
  readonly latex?: string
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
      'end with status 5 if the data show a loss above n (shares are 0–1); repeatable',
      collectLimits,
    )
    .option(
      '--equivalent <measure=n>',
      'end with status 5 if the data show a difference above n; repeatable',
      collectMargins,
    )
    .addOption(
      new Option('--undecided <what>', 'do this if the data do not tell about a limit')
        .choices(['pass', 'fail'])
        .default('pass'),
    )
    .option('--all', 'print all measures, not only those with a verdict')
    .option('--markdown <file>', 'write Markdown for a pull request; - for stdout', parsePath)
    .option('--latex <file>', 'write a LaTeX table of the measures with a verdict', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (before: string, after: string, flags: Flags) => {
      const { maxWorse, equivalent, all = false, markdown, latex, json } = flags
      if (json && markdown === '-') throw new UsageError('--json and --markdown - would both print to stdout; use one')
      const { compare } = await import('../../compare/compare.js')
      const { comparisonLatex, comparisonMarkdown } = await import('../../compare/document.js')
      const options = { onProgress: terminalProgress(), signal, ...(maxWorse && { maxWorse }) }
      const comparison = await compare(before, after, { ...options, ...(equivalent && { equivalent }) })
      const text = markdown === undefined ? '' : comparisonMarkdown(comparison)
      if (markdown !== undefined && markdown !== '-') await writeFileAtomic(markdown, text)
      if (latex !== undefined) await writeFileAtomic(latex, comparisonLatex(comparison))
      if (json) printJson(comparison)
      else if (markdown === '-') process.stdout.write(text)
      else await printComparison(comparison, all)
      await judgeLimits(comparison.limits, flags.undecided)
    })
}

/**
 * Writes annotations in a workflow of GitHub: an error for each limit that failed, and a warning for those undecided.
 * @throws LimitError if a limit failed, or if one is undecided and must not be
 */
async function judgeLimits(limits: readonly CheckedLimit[], undecided: Flags['undecided']): Promise<void> {
  const { failureText, limitWords } = await import('../../compare/document.js')
  const isFailure = ({ outcome }: CheckedLimit) =>
    outcome === 'failed' || (outcome === 'undecided' && undecided === 'fail')
  const annotated = process.env.GITHUB_ACTIONS === 'true' ? limits.filter(({ outcome }) => outcome !== 'passed') : []
  for (const limit of annotated) {
    const words = `compare: ${limitWords(limit, limits)}`
    // GitHub reads annotations from both streams, and stdout may be a document.
    sayError(`::${isFailure(limit) ? 'error' : 'warning'}::${words.replaceAll('%', '%25')}`)
  }
  if (limits.some(isFailure)) throw new LimitError(failureText(limits.filter(isFailure), limits))
}

async function printComparison({ networks, limits, notes }: Comparison, all: boolean): Promise<void> {
  const { headlines, familyText, limitTexts, networksText, pairsText } = await import('../../compare/document.js')
  for (const compared of networks) {
    print(`${networksText(compared)}: ${pairsText(compared)}`)
    compared.constant.forEach(print)
    const family = headlines(compared)
    if (family.length > 0) await printMeasures('verdicts', family, 'name')
    print(`✓ better, ✗ worse, ? open. ${familyText(compared)}`)
    if (all) await printOthers(compared)
    else if (compared.measures.length > family.length)
      print(`${counted(compared.measures.length - family.length, 'more measure')} with --all or --json`)
    for (const line of compared.sentence === null ? [] : ['', compared.sentence]) print(line)
    print('')
  }
  limitTexts(limits).forEach(print)
  notes.forEach(say)
}

/** Prints the measures without a verdict, group by group. */
async function printOthers({ measures }: ComparedNetworks): Promise<void> {
  const shown = measures.filter(({ isHeadline }) => !isHeadline)
  for (const group of new Set(shown.map((row) => row.group))) {
    const own = shown.filter((row) => row.group === group)
    await printMeasures(group, own, 'label')
  }
}

async function printMeasures(title: string, rows: readonly ComparedMetric[], named: 'name' | 'label'): Promise<void> {
  const { TERMINAL_HEAD, terminalCells } = await import('../../compare/document.js')
  const counts = rows.map(({ count }) => count)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  print('')
  print(`${title}: ${least < most ? `${least} to ` : ''}${counted(most, 'pair')}`)
  printTable(
    ['measure', ...TERMINAL_HEAD],
    rows.map((row) => [row[named], ...terminalCells(row)]),
  )
}
