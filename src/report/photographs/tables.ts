import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { escapeHtml } from '../../plot/html.js'
import { decimalText } from '../../plot/numberText.js'
import { type TableCell, tableHtml } from '../../plot/tables.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric, MetricMean } from '../../results/answers/summary.js'
import { constantSentences, constantText } from '../../results/answers/variety.js'
import { distinct } from '../../support/lists.js'
import { counted } from '../../support/text.js'
import { bestFirst, leadingMetric, mainMetrics, pairedDifference, sharedMetric } from './differences.js'
import { meanText, pairedText, titleText } from './metricText.js'

/** One or several networks: a table of the main measures, and folded tables of all measures. */
export function metricsHtml(networks: readonly AnsweredNetwork[]): string {
  const isOne = networks.length === 1
  const measures = networks.flatMap((network) => network.measures)
  const tables = mainMetrics(networks).map(({ protocol }) => {
    const own = measures.filter((measure) => measure.protocol === protocol)
    return `<details${isOne ? ' open' : ''}><summary>All measures of the protocol ${protocol}</summary>
${measureTable(networks, own)}</details>`
  })
  return `${isOne ? '' : comparedHtml(networks)}
${varietyHtml(networks)}
<p>A photograph counts as confident if the network's answer to the protocol's first image has a probability of at least
${CONFIDENT}.</p>
${tables.join('\n')}`
}

/**
 * All measures of a protocol. For each measure, the best network comes first.
 * @param measures of all networks, because some measures are only of detectors
 */
function measureTable(networks: readonly AnsweredNetwork[], measures: readonly ConsistencyMetric[]): string {
  const isOne = networks.length === 1
  const keys = distinct(measures.map(({ protocol, measure }) => ({ protocol, measure })))
  const rows = keys.flatMap((key) =>
    bestFirst(networks, key).flatMap((network) => {
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

/** The main measures of several networks. The best value of each column is marked, and others are compared with it. */
function comparedHtml(networks: readonly AnsweredNetwork[]): string {
  const columns = mainMetrics(networks)
  const head = columns.map((measure) => {
    const name = measure.protocol === 'center' ? measure.measure : measure.protocol
    return { text: name, below: [titleText(measure)] }
  })
  const rows = networks.map((network) => [
    nameCell(network),
    ...columns.map((measure) => comparedCell(network, networks, measure)),
  ])
  return `${tableHtml({ title: 'Networks and protocols', head: ['network', ...head], rows })}
<p class="soft">Values are means over photographs. ± is half of their 95 % confidence interval (by Student’s t). ★ marks the
best network of each column. The small number below each other value is the difference from the best network on the photographs that both measured (for
percentages, in percentage points). ≈ marks differences that may be chance: their interval contains 0.</p>`
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

function comparedCell(
  network: AnsweredNetwork,
  networks: readonly AnsweredNetwork[],
  measure: ConsistencyMetric,
): TableCell {
  const own = sharedMetric(network, measure)
  const best = bestFirst(networks, measure)[0]!
  if (own === undefined || own.mean === null) return '–'
  const text = meanText(own)
  if (constantText(network, measure.protocol) !== undefined) return text
  if (own.mean === sharedMetric(best, measure)?.mean) return { text: `★ ${text}`, isBest: true }
  const difference = pairedDifference(network, best, measure)
  return { text, below: difference === undefined ? [] : [pairedText(own, difference)] }
}

export function nameCell({ model }: AnsweredNetwork): TableCell {
  return { text: model, isName: true }
}
