import { basename } from 'node:path'
import { protocolNamed } from '../../experiments/answers/protocols.js'
import { fileName } from '../../files/fileName.js'
import type { ReportSection } from '../../page/html/section.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric } from '../../results/answers/summary.js'
import { addTo } from '../../support/lists.js'
import { counted } from '../../support/text.js'
import type { DrawnFigure } from '../figures/figures.js'
import type { ResultTable } from '../tables/tables.js'
import {
  bestFirst,
  leadingMetric,
  mainMetrics,
  mayBeChance,
  pairedDifference,
  settingsText,
  sharedMetric,
} from './differences.js'
import { distanceText, meanText, titleText } from './metricText.js'
import { pathsHtml } from './paths.js'
import type { PictureReader } from './pictures.js'
import { scatterFigure, scatterHtml, scatterOf } from './scatter.js'
import { PHOTOGRAPHS_STYLE } from './style.js'
import { metricsHtml } from './tables.js'

/** The part of a page about answers to photographs. */
export interface PhotographsPart {
  readonly sections: readonly ReportSection[]
  readonly figures: readonly DrawnFigure[]
}

/**
 * Makes the sections about answers to photographs, which need no script, and the figure that they show.
 * @param networks at least one
 */
export async function photographsPart(
  networks: readonly AnsweredNetwork[],
  tables: readonly ResultTable[],
  pictureOf: PictureReader,
): Promise<PhotographsPart> {
  const measure = leadingMetric(networks)
  const sorted = bestFirst(networks, measure)
  const isOne = sorted.length === 1
  const scatter = scatterOf(sorted, measure)
  const figures = scatter === undefined ? [] : [{ name: 'consistency', layout: scatterFigure(scatter) }]
  const sections: readonly ReportSection[] = [
    {
      id: 'photographs',
      title: resultTitle(sorted, measure),
      html: [resultHtml(sorted, measure), metricsHtml(sorted), filesHtml(networks, tables)].join('\n'),
      style: PHOTOGRAPHS_STYLE,
    },
    ...(scatter === undefined
      ? []
      : [
          {
            id: 'scatter',
            title: 'Consistency of each network',
            html: `${scatterHtml(scatter)}\n<p class="soft">${fileLinks('figures/consistency', ['svg', 'png'])}</p>`,
          },
        ]),
    {
      id: 'changes',
      title: isOne ? 'Photographs whose answer changes most' : 'Photographs on which two networks differ most',
      html: await pathsHtml(sorted, pathMeasure(sorted, measure), pictureOf),
    },
  ]
  return { sections, figures }
}

/**
 * Says which network is the most consistent, and how many of its differences from others may be chance.
 * @param networks the best one first
 */
function resultTitle(networks: readonly AnsweredNetwork[], measure: ConsistencyMetric): string {
  const [best, ...others] = networks as [AnsweredNetwork, ...AnsweredNetwork[]]
  if (others.length === 0) return 'Consistency in each protocol'
  const differences = others.map((other) => pairedDifference(other, best, measure))
  if (differences.some((difference) => difference === undefined || difference.standardError === null))
    return `Shift consistency of ${networks.length} networks`
  const close = differences.filter((difference) => difference !== undefined && mayBeChance(difference)).length
  const but = `the ${close === 1 ? 'difference from 1 other' : `differences from ${close} others`} may be chance`
  return `${best.model} is the most consistent of ${networks.length} networks${close === 0 ? '' : `, but ${but}`}`
}

/** The result in words, and from what it was measured. */
function resultHtml(networks: readonly AnsweredNetwork[], measure: ConsistencyMetric): string {
  const counts = networks.map(({ photographs }) => photographs.length)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  const photographs = fewest === most ? counted(most, 'photograph') : `${fewest} to ${most} photographs`
  const sentences = [
    leadSentences(networks, measure),
    `Values are means over ${photographs} (${namesText(networks)}).`,
    ...settingsSentences(networks),
  ]
  return `<p>${escapeHtml(sentences.join(' '))}</p>`
}

function leadSentences([best, second]: readonly AnsweredNetwork[], measure: ConsistencyMetric): string {
  const own = best && sharedMetric(best, measure)
  if (own === undefined) return ''
  const reached = `In the protocol ${measure.protocol} (${titleText(measure)}), ${best?.model} has ${meanText(own)}.`
  const difference = best && second && pairedDifference(second, best, measure)
  if (difference === undefined) return reached
  // The network with the better mean can be worse on the photographs that both measured.
  const isWorse = measure.better === 'higher' ? difference.mean <= 0 : difference.mean >= 0
  const next = `The next network, ${second?.model}, is ${distanceText(measure, difference)} ${isWorse ? 'worse' : 'better'} on the ${counted(difference.count, 'photograph')} that both measured.`
  if (difference.halfWidth === null) return `${reached} ${next}`
  return `${reached} ${next} The 95 % confidence interval of this difference ${mayBeChance(difference) ? 'contains 0, so it may be chance' : 'does not contain 0'}.`
}

/** Names of the first and the last photograph. */
function namesText(networks: readonly AnsweredNetwork[]): string {
  const names = networks.map(({ photographs }) => photographs.map(({ name }) => basename(name)))
  const most = names.reduce((longest, one) => (one.length > longest.length ? one : longest))
  return most.length > 1 ? `${most[0]} to ${most.at(-1)}` : (most[0] ?? 'none')
}

/** Says with which settings each protocol was measured that has some. Networks with other settings are not compared. */
function settingsSentences(networks: readonly AnsweredNetwork[]): readonly string[] {
  return mainMetrics(networks).flatMap(({ protocol }) => {
    const models = new Map<string, string[]>()
    for (const network of networks)
      if (network.protocols.some(({ name }) => name === protocol))
        addTo(models, settingsText(network, protocol), network.model)
    const [[first = ''] = [], ...others] = models
    if (first === '') return []
    if (others.length === 0) return [`The protocol ${protocol} has ${first}.`]
    const each = [...models].map(([settings, names]) => `${settings} (${names.join(', ')})`)
    return [`The protocol ${protocol} has ${each.join(' or ')}, so these networks are not compared in it.`]
  })
}

/** The main measure of the first protocol that shifts photographs along a path, or of any protocol without a path. */
function pathMeasure(networks: readonly AnsweredNetwork[], leading: ConsistencyMetric): ConsistencyMetric {
  return mainMetrics(networks).find(({ protocol }) => protocolNamed(protocol).isPath) ?? leading
}

function filesHtml(networks: readonly AnsweredNetwork[], tables: readonly ResultTable[]): string {
  const items = networks.map(({ model, frame, photographs, failed }) => {
    const left = failed.length === 0 ? '' : ` ${counted(failed.length, 'photograph')} could not be used.`
    const file = `answers/${encodeURIComponent(fileName(model))}/photographs.csv`
    return `<li>${escapeHtml(model)}: ${counted(photographs.length, 'photograph')} in frames of ${frame}×${frame} px.${left} <a href="${file}">Each photograph (CSV)</a></li>`
  })
  const links = tables.map(({ name, sizes }) => {
    const which = tables.length === 1 ? '' : `Photographs of ${sizes}. `
    return `<p class="soft">${which}${fileLinks(`tables/${encodeURIComponent(name)}`, ['csv', 'md', 'tex'])}</p>`
  })
  return ['<ul>', ...items, '</ul>', ...links].join('\n')
}
