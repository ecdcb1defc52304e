import { basename } from 'node:path'
import { headingOf, pageHtml, sectionHtml } from '../../page/page.js'
import { escapeHtml } from '../../plot/html.js'
import { fileName } from '../../results/fileName.js'
import { counted } from '../../support/text.js'
import type { NetworkAnswers } from '../networkAnswers.js'
import { protocolNamed } from '../protocols.js'
import type { ConsistencyMeasure, ShownConsistency, ShownNetwork } from '../result.js'
import { bestFirst, leadingMeasure, mainMeasures, mayBeChance, measureOf, pairedDifference } from './differences.js'
import { distanceText, meanText, titleText } from './measureText.js'
import { pathsHtml } from './paths.js'
import { scatterHtml } from './scatter.js'
import { measuresHtml } from './tables.js'

const STYLE = `
.photographs{display:grid;grid-template-columns:repeat(auto-fill,minmax(224px,1fr));gap:1.4rem 1.2rem;margin-top:.8rem}
.photographs figure{max-width:224px}.photographs figure>svg{display:block;width:224px;margin-top:.2rem;border-radius:4px}
.photographs figcaption,.photographs p{overflow-wrap:anywhere}.photographs p{margin:.5rem 0 0;font-size:.88rem}
.photographs ul{list-style:none;margin:.1rem 0 0;padding:0;font-size:.88rem;line-height:1.35}
.opening{margin-bottom:1.6rem}.opening p{max-width:62rem;overflow-wrap:anywhere}
.photographs path{shape-rendering:crispEdges}.right{fill:none;stroke:var(--ink);stroke-width:1.5}
.pair{display:none;scroll-margin-top:1rem}.pair:target,.pairs:not(:has(:target))>.pair:first-of-type{display:block}
.scatter svg{display:block;width:100%;max-width:48rem}.scatter svg:last-child{display:none}
.scroll thead th{min-width:6rem;max-width:11rem;overflow-wrap:anywhere}.scroll thead small{font-weight:400}
.scroll tbody th{min-width:11rem;max-width:16rem;overflow-wrap:anywhere}
.scatter .name{fill:var(--ink);paint-order:stroke;stroke:var(--ground);stroke-width:3px}
.contents a{overflow-wrap:anywhere}
@media (max-width:75rem){.contents{position:static}}
@media screen and (max-width:44rem){.scroll tbody th{min-width:5.6rem}.scatter svg:first-child{display:none}.scatter svg:last-child{display:block}}
@media print{.contents,.theme,details:not([open]){display:none}.layout,.page{display:block;padding:0}.scroll{overflow:visible}body{font-size:12px}th,td{white-space:normal;overflow-wrap:anywhere;padding:.15rem .35rem;font-size:.76rem}
figure,tr,#scatter,#files{break-inside:avoid}h2,h3{break-after:avoid}section.report{margin-top:1.2rem}.scatter svg{max-width:30rem}.scroll thead th,.scroll tbody th{min-width:0}.photographs svg{print-color-adjust:exact}}`

/** The page of one or several networks. It is one file without scripts. */
export async function consistencyPage(result: ShownConsistency, answers: readonly NetworkAnswers[]): Promise<string> {
  const measure = leadingMeasure(result.networks[0] as ShownNetwork)
  const networks = bestFirst(result.networks, measure)
  const answersBy = new Map(answers.map((one) => [one.network.id, one]))
  const isOne = networks.length === 1
  const sections = [
    {
      id: 'measures',
      title: resultTitle(networks, measure),
      html: `${resultHtml(result, networks, measure)}\n${measuresHtml(networks)}`,
    },
    ...(isOne ? [] : [{ id: 'scatter', title: 'Consistency of each network', html: scatterHtml(networks, measure) }]),
    {
      id: 'changes',
      title: isOne ? 'Photographs whose answer changes most' : 'Photographs on which two networks differ most',
      html: await pathsHtml(networks, pathMeasure(networks[0] as ShownNetwork), answersBy),
    },
    { id: 'files', title: 'Networks and files', html: filesHtml(networks) },
  ]
  return pageHtml({
    title: `Shift consistency of ${isOne ? networks[0]?.model : counted(networks.length, 'network')}`,
    style: STYLE,
    hasViewer: false,
    links: sections,
    main: [openingHtml(networks), ...sections.map(sectionHtml)].join('\n'),
  })
}

/** What was measured, on which photographs. */
function openingHtml(networks: readonly ShownNetwork[]): string {
  const [first] = networks as readonly [ShownNetwork]
  const names = networks.map(({ photographs }) => photographs.map(({ name }) => basename(name)))
  const most = names.reduce((longest, one) => (one.length > longest.length ? one : longest))
  const which = most.length > 1 ? `${most[0]} to ${most.at(-1)}` : most[0]
  const measured = mainMeasures(first).map(({ protocol, title }) => `${protocol}: ${title}`)
  const facts = [counted(networks.length, 'network'), `${counted(most.length, 'photograph')} (${which})`, ...measured]
  return `<div class="opening">${headingOf('Does a network see the same in a shifted photograph?')}
<p class="soft">${escapeHtml(facts.join(' · '))}</p></div>`
}

/**
 * Says which network is the most consistent, and how many of its differences from others may be chance.
 * @param networks the best one first
 */
function resultTitle(networks: readonly ShownNetwork[], measure: ConsistencyMeasure): string {
  const [best, ...others] = networks as [ShownNetwork, ...ShownNetwork[]]
  if (others.length === 0) return `Shift consistency of ${best.model}`
  const differences = others.map((other) => pairedDifference(other, best, measure))
  if (differences.some((difference) => difference === undefined || difference.standardError === null))
    return `Shift consistency of ${networks.length} networks`
  const close = differences.filter((difference) => difference !== undefined && mayBeChance(difference)).length
  const but = `the ${close === 1 ? 'difference from 1 other' : `differences from ${close} others`} may be chance`
  return `${best.model} is the most consistent of ${networks.length} networks${close === 0 ? '' : `, but ${but}`}`
}

/** The result in words, and from what it was measured. */
function resultHtml(
  { draws, seed, labels, protocols }: ShownConsistency,
  networks: readonly ShownNetwork[],
  measure: ConsistencyMeasure,
): string {
  const random = protocols.some((name) => protocolNamed(name).isRandom)
    ? ` Each photograph has ${counted(draws, 'pair')} of random shifts (seed ${seed}).`
    : ''
  const counts = networks.map(({ photographs }) => photographs.length)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  const photographs = fewest === most ? counted(most, 'photograph') : `${fewest} to ${most} photographs`
  const from = labels === undefined ? '' : ` The right classes come from ${labels}.`
  return `<p>${escapeHtml(`${leadSentences(networks, measure)} Values are means over ${photographs}.${random}${from}`)}</p>`
}

function leadSentences([best, second]: readonly ShownNetwork[], measure: ConsistencyMeasure): string {
  const own = best && measureOf(best, measure)
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

/** The main measure of the first protocol that shifts photographs along a path, or of any protocol without a path. */
function pathMeasure(network: ShownNetwork): ConsistencyMeasure {
  return mainMeasures(network).find(({ protocol }) => protocolNamed(protocol).isPath) ?? leadingMeasure(network)
}

function filesHtml(networks: readonly ShownNetwork[]): string {
  const items = networks.map(({ model, frame, device, photographs, failed }) => {
    const left = failed.length === 0 ? '' : ` ${counted(failed.length, 'photograph')} could not be used.`
    const folder = `networks/${encodeURIComponent(fileName(model))}`
    return `<li>${escapeHtml(model)}: ${counted(photographs.length, 'photograph')} in frames of ${frame}×${frame} px, on ${escapeHtml(device)}.${left} <a href="${folder}/photographs.csv">Each photograph (CSV)</a></li>`
  })
  return `<ul>\n${items.join('\n')}\n</ul>
<p>All networks: <a href="summary.csv">measures (CSV)</a>, <a href="consistency.json">summary (JSON)</a></p>`
}
