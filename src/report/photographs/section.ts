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
import { leadingMetric, mainMetrics, settingsText, sharedMetric } from './differences.js'
import { meanText, titleText } from './metricText.js'
import { pathsHtml } from './paths.js'
import type { PictureReader } from './pictures.js'
import { quoteHtml } from './quote.js'
import { type Ranking, rankingOf, rankingSentences, rankingTitle } from './ranking.js'
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
  const ranking = rankingOf(networks, measure)
  const { networks: sorted } = ranking
  const isOne = sorted.length === 1
  const scatter = scatterOf(sorted, measure)
  const figures = scatter === undefined ? [] : [{ name: 'consistency', layout: scatterFigure(scatter) }]
  const sections: readonly ReportSection[] = [
    {
      id: 'photographs',
      title: isOne ? 'Consistency in each protocol' : rankingTitle(ranking),
      html: [resultHtml(ranking), quoteHtml(ranking), metricsHtml(ranking), filesHtml(networks, tables)].join('\n'),
      style: PHOTOGRAPHS_STYLE,
    },
    ...(scatter === undefined
      ? []
      : [
          {
            id: 'scatter',
            title: 'Consistency of each network',
            html: `${scatterHtml(scatter, ranking)}\n<p class="soft">${fileLinks('figures/consistency', ['svg', 'png'])}</p>`,
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

/** The result in words, and from what it was measured. */
function resultHtml(ranking: Ranking): string {
  const { networks } = ranking
  const counts = networks.map(({ photographs }) => photographs.length)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  const photographs = fewest === most ? counted(most, 'photograph') : `${fewest} to ${most} photographs`
  const sentences = [
    ...leadSentences(ranking),
    ...rankingSentences(ranking),
    `Values are means over ${photographs} (${namesText(networks)}).`,
    ...settingsSentences(networks),
  ]
  return `<p>${escapeHtml(sentences.join(' '))}</p>`
}

/** Says what is measured, and what the best network reached if all networks can be ranked together. */
function leadSentences({ networks, sets: [set, ...others], measure }: Ranking): readonly string[] {
  const where = `In the protocol ${measure.protocol} (${titleText(measure)})`
  const [best = networks[0]] = set ?? []
  const own = best && sharedMetric(best, measure)
  if (others.length > 0) return [`${where}, networks are ranked with those of the same classes, frame and shifts.`]
  return own === undefined || own.mean === null ? [] : [`${where}, ${best?.model} has ${meanText(own)}.`]
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
