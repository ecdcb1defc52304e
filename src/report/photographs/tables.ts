import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { escapeHtml } from '../../plot/html.js'
import { countText, decimalText, pText } from '../../plot/numberText.js'
import { type TableCell, tableHtml } from '../../plot/tables.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric, MetricMean } from '../../results/answers/summary.js'
import { constantSentences } from '../../results/answers/variety.js'
import type { PairedVerdict } from '../../results/paired.js'
import { distinct } from '../../support/lists.js'
import { counted } from '../../support/text.js'
import { leadingMetric, mainMetrics, networkDifference, sharedMetric } from './differences.js'
import { meanText, pairedText, titleText } from './metricText.js'
import { betterOf, clearlyBest, type Ranking, ranksOf, rankText } from './ranking.js'

/** One or several networks: a table of the main measures, and folded tables of all measures. */
export function metricsHtml(ranking: Ranking): string {
  const { networks } = ranking
  const isOne = networks.length === 1
  const measures = networks.flatMap((network) => network.measures)
  const tables = mainMetrics(networks).map(({ protocol }) => {
    const own = measures.filter((measure) => measure.protocol === protocol)
    return `<details${isOne ? ' open' : ''}><summary>All measures of the protocol ${protocol}</summary>
${measureTable(networks, own)}</details>`
  })
  return `${isOne ? '' : comparedHtml(ranking)}
${pairsHtml(ranking)}
${varietyHtml(networks)}
<p>A photograph counts as confident if the network's answer to the protocol's first image has a probability of at least
${CONFIDENT}.</p>
${tables.join('\n')}`
}

/**
 * All measures of a protocol.
 * @param measures of all networks, because some measures are only of detectors
 */
function measureTable(networks: readonly AnsweredNetwork[], measures: readonly ConsistencyMetric[]): string {
  const isOne = networks.length === 1
  const keys = distinct(measures.map(({ protocol, measure }) => ({ protocol, measure })))
  const rows = keys.flatMap((key) =>
    networks.flatMap((network) => {
      const own = sharedMetric(network, key)
      if (own === undefined) return []
      const cell = (mean: MetricMean) => ({ text: meanText(own, mean), below: [counted(mean.count, 'photograph')] })
      const heading = isOne ? titleText(own) : { text: network.model, below: [titleText(own)] }
      return [[heading, cell(own), cell(own.confident)]]
    }),
  )
  const head = [isOne ? 'measure' : 'network', 'all photographs', 'confident photographs']
  return tableHtml({ title: `Measures of ${keys[0]?.protocol}`, head, rows })
}

/** The ranks, main measures and sizes of several networks. Other networks are compared with the first one of their set. */
function comparedHtml(ranking: Ranking): string {
  const { networks, measure: leading } = ranking
  const columns = [leading, ...mainMetrics(networks).filter(({ protocol }) => protocol !== leading.protocol)]
  const head = columns.map((measure) => {
    const name = measure.protocol === 'center' ? measure.measure : measure.protocol
    return { text: name, below: [titleText(measure)] }
  })
  const best = clearlyBest(ranking)
  const rows = networks.map((network) => [
    nameCell(network),
    rankCell(rankText(ranksOf(ranking, network)), network === best),
    ...columns.map((measure) => comparedCell(network, ranking, measure)),
    ...factCells(network),
  ])
  const facts = ['classes', 'frame', 'parameters', { text: 'multiply-adds', below: ['per image'] }]
  return `${tableHtml({ title: 'Networks and protocols', head: ['network', 'rank', ...head, ...facts], rows })}
<p class="soft">Values are means over photographs. ± is half of their 95 % confidence interval (by Student’s t). ★ marks a network that is better than every other one. The small number below a
value is the difference from the first network of the same classes, frame and shifts, on the photographs that both
measured, with its 95 % interval (for percentages, in percentage points). Only the ranks are corrected for the number of comparisons.</p>`
}

function rankCell(rank: string, isBest: boolean): TableCell {
  if (rank === '') return '–'
  return isBest ? { text: `★ ${rank}`, isBest } : rank
}

/** Number of classes, frame, number of weights, and multiply-adds for one image. */
function factCells({ facts, frame }: AnsweredNetwork): readonly TableCell[] {
  const { classes, parameters, multiplyAdds } = facts ?? {}
  const [weights, operations] = [parameters, multiplyAdds].map((count) =>
    count === undefined ? '–' : countText(count),
  )
  return [classes?.toLocaleString('en') ?? '–', `${frame} px`, weights!, operations!]
}

/** All pairs of networks that can be ranked together, in the leading measure. */
function pairsHtml({ pairs, measure }: Ranking): string {
  if (pairs.length < 2) return ''
  const rows = pairs.map((pair) => {
    const { networks, difference, judged } = pair
    const better = betterOf(pair, measure)
    const verdict = better === undefined ? OPEN_WORDS[judged.verdict] : `${better.model} is better`
    return [
      { text: networks.map(({ model }) => model).join(' − '), isName: true as const },
      { text: pairedText(measure, difference), below: [counted(difference.count, 'photograph')] },
      judged.p === null ? '–' : pText(judged.p),
      verdict ?? '',
    ]
  })
  const head = ['pair', { text: 'difference', below: [titleText(measure)] }, 'p, adjusted', 'result']
  return `<details><summary>All pairs of networks</summary>
${tableHtml({ title: 'Pairs of networks', head, rows })}
<p class="soft">P values are adjusted for all pairs by Holm’s method. They are those of Student’s t, or of McNemar’s exact
test if all differences have one size.</p></details>`
}

const OPEN_WORDS: Readonly<Partial<Record<PairedVerdict, string>>> = {
  open: 'not told apart',
  unchanged: 'equal on each photograph',
  few: 'too few photographs',
}

/** How different the answers of each network are in the leading protocol, and which networks are constant. */
function varietyHtml(networks: readonly AnsweredNetwork[]): string {
  const { protocol } = leadingMetric(networks)
  const rows = networks.flatMap((network) => {
    const own = network.varieties.find((one) => one.protocol === protocol)
    if (own === undefined) return []
    const { distinct: answers, pictures, effective, confidence } = own
    const confidenceText = confidence === null ? '–' : decimalText(confidence, 3)
    return [
      [
        nameCell(network),
        `${answers} to ${counted(pictures, 'photograph')}`,
        decimalText(effective, 1),
        confidenceText,
      ],
    ]
  })
  const head = ['network', 'different answers', 'effective number', 'mean confidence']
  return `${constantSentences(networks)
    .map((one) => `<p class="note">${escapeHtml(one)}</p>`)
    .join('\n')}
${tableHtml({ title: 'Answers of the networks', head, rows })}
<p class="soft">Answers and confidence are those to the first frame of the protocol ${protocol}. The effective number of answers is 1 / Σ share².</p>`
}

function comparedCell(network: AnsweredNetwork, { sets }: Ranking, measure: ConsistencyMetric): TableCell {
  const own = sharedMetric(network, measure)
  if (own === undefined || own.mean === null) return '–'
  const [first] = sets.find((set) => set.includes(network)) ?? []
  const difference = first && first !== network ? networkDifference(network, first, measure) : undefined
  return { text: meanText(own), below: difference === undefined ? [] : [pairedText(own, difference)] }
}

export function nameCell({ model }: AnsweredNetwork): TableCell {
  return { text: model, isName: true }
}
