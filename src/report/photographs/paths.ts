import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { protocolNamed } from '../../experiments/answers/protocols.js'
import { escapeHtml } from '../../plot/html.js'
import { tableHtml } from '../../plot/tables.js'
import { CONFIDENCE, RELATIVE } from '../../results/answers/measures.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric, MeasuredPhotograph } from '../../results/answers/summary.js'
import { counted } from '../../support/text.js'
import { answerColours, answerMap, barStrip, countedAnswers, type ShownFrame } from './answerStrip.js'
import { haveSameShifts, networkDifference, photographValues } from './differences.js'
import { metricText, pairedText } from './metricText.js'
import { type PagePictures, type PictureReader, pagePictures } from './pictures.js'
import { nameCell } from './tables.js'

const MOST_SHOWN = 12

/** Largest number of frames in a bar chart, which is enough for all paths in frames of up to 1,998 px. */
const MOST_BARS = 1024

/** One network, or two networks that are compared. */
type Shown = readonly [AnsweredNetwork] | readonly [AnsweredNetwork, AnsweredNetwork]

/**
 * Shows the answers to the photographs that differ most between two networks, or for a single network those whose answer
 * changes most. All pairs are on the page. The first one is visible, and the link to another one shows it without a
 * script.
 * @param networks the best one first
 */
export async function pathsHtml(
  networks: readonly AnsweredNetwork[],
  leading: ConsistencyMetric,
  pictureOf: PictureReader,
): Promise<string> {
  const measure = ofOnePhotograph(networks, leading)
  const all = pairsOf(networks).map((pair) => ({ pair, photographs: photographsOf(pair, measure) }))
  // The first pair is visible, so it should have photographs.
  const shown = all.toSorted((a, b) => Number(a.photographs.length === 0) - Number(b.photographs.length === 0))
  const pictures = pagePictures(pictureOf)
  const parts: string[] = []
  for (const { pair, photographs } of shown) {
    const figures: string[] = []
    for (const sha256 of photographs) figures.push(await figureHtml(sha256, pair, measure, networks, pictures))
    const title = escapeHtml(pair.map(({ model }) => model).join(' and '))
    parts.push(`<div class="pair" id="${idOf(pair, networks)}"><h3>${title}</h3>
${figures.length === 0 ? `<p>${nothingShown(pair, measure)}</p>` : ''}
<div class="photographs">\n${figures.join('\n')}\n</div></div>`)
  }
  return `${explanationHtml(networks, measure)}
${pictures.all()}
<div class="pairs">\n${parts.join('\n')}\n</div>`
}

/** The measure of a protocol that a photograph has by itself. Its relative agreement depends on the others. */
function ofOnePhotograph(networks: readonly AnsweredNetwork[], leading: ConsistencyMetric): ConsistencyMetric {
  if (leading.measure !== RELATIVE) return leading
  const own = networks.flatMap(({ measures }) => measures.filter(({ protocol }) => protocol === leading.protocol))
  return own.find(({ measure }) => measure !== RELATIVE) ?? leading
}

function nothingShown([one, other]: Shown, { protocol }: ConsistencyMetric): string {
  if (other === undefined) return 'No answer changes.'
  return haveSameShifts(one, other, protocol)
    ? 'No photograph differs for which both networks are confident.'
    : 'They were measured with other settings, so they are not compared.'
}

/** All pairs of networks, or the only network. */
function pairsOf(networks: readonly AnsweredNetwork[]): readonly Shown[] {
  const [first] = networks
  if (first !== undefined && networks.length === 1) return [[first]]
  return networks.flatMap((one, i) => networks.slice(i + 1).map((other) => [one, other] as const))
}

function photographOf({ photographs }: AnsweredNetwork, sha256: string): MeasuredPhotograph | undefined {
  return photographs.find((one) => one.sha256 === sha256)
}

/** The largest frame in which a photograph was measured. It may be too small for other networks. */
function largestFrame(networks: readonly AnsweredNetwork[], sha256: string): number {
  const measured = networks.filter((network) => photographOf(network, sha256) !== undefined)
  return Math.max(...measured.map(({ frame }) => frame))
}

function idOf(pair: Shown, networks: readonly AnsweredNetwork[]): string {
  return `pair-${pair.map((network) => networks.indexOf(network) + 1).join('-')}`
}

/**
 * Sorts photographs by the difference between two networks, if both are confident. For one network, sorts them by the
 * difference from the best possible value, and confident ones come first. Photographs without a difference are left out.
 * @returns the SHA-256 of each
 */
function photographsOf([one, other]: Shown, measure: ConsistencyMetric): readonly string[] {
  if (other !== undefined && !haveSameShifts(one, other, measure.protocol)) return []
  const confidence = { protocol: measure.protocol, measure: CONFIDENCE }
  const confidences = [one, other ?? one].map((network) => photographValues(network, confidence))
  const others = other && photographValues(other, measure)
  const best = measure.better === 'higher' ? 1 : 0
  return [...photographValues(one, measure)]
    .map(([sha256, value]) => ({
      sha256,
      difference: Math.abs(value - (others === undefined ? best : (others.get(sha256) ?? value))),
      isConfident: confidences.every((own) => (own.get(sha256) ?? 0) >= CONFIDENT),
    }))
    .filter(({ difference, isConfident }) => difference > 0 && (isConfident || other === undefined))
    .sort((a, b) => Number(b.isConfident) - Number(a.isConfident) || b.difference - a.difference)
    .slice(0, MOST_SHOWN)
    .map(({ sha256 }) => sha256)
}

/** Explains the figures. With several networks, a table links to the figures of each pair. */
function explanationHtml(networks: readonly AnsweredNetwork[], measure: ConsistencyMetric): string {
  const drawing = isMap(measure)
    ? 'Each cell of a map is one position of the crop. Its colour stands for the answer.'
    : `Each bar is one frame (at most the first ${MOST_BARS}). Its height is the probability of the answer, from 0 to 1, and its colour stands for the answer. A line shows the probability of the right class, if it is known.`
  const name = `“${measure.title}” (protocol ${measure.protocol})`
  if (networks.length === 1)
    return `<p>Photographs are sorted by ${escapeHtml(name)}. Those whose first answer has a probability of at least ${CONFIDENT} come first. ${drawing}</p>`
  return `<p>Each number is a difference of two networks: the mean of ${escapeHtml(name)} in the network of the row minus
that in the network of the column, on the photographs that both measured, with its 95 % interval. – marks networks that
cannot be compared. Choose a number to see the photographs that
differ most, among those whose first answer has a probability of at least ${CONFIDENT} in both networks. ${drawing}</p>
${differencesHtml(networks, measure)}`
}

/** The differences of all pairs of networks. Each one is a link to the photographs of the pair. */
function differencesHtml(networks: readonly AnsweredNetwork[], measure: ConsistencyMetric): string {
  const columns = networks.slice(0, -1)
  const rows = networks.slice(1).map((row, i) => {
    const cells = columns.slice(0, i + 1).map((column) => {
      const difference = networkDifference(row, column, measure)
      const text = difference === undefined ? '–' : pairedText(measure, difference)
      return { text, link: `#${idOf([column, row], networks)}`, label: `${row.model} minus ${column.model}: ${text}` }
    })
    return [nameCell(row), ...cells, ...columns.slice(i + 1).map(() => '')]
  })
  return tableHtml({ title: 'Differences of two networks', head: ['network', ...columns.map(nameCell)], rows })
}

/** Whether the frames of a protocol are all positions of a square, row by row. */
function isMap({ protocol }: ConsistencyMetric): boolean {
  return protocolNamed(protocol).windows === true
}

async function figureHtml(
  sha256: string,
  pair: Shown,
  measure: ConsistencyMetric,
  networks: readonly AnsweredNetwork[],
  pictures: PagePictures,
): Promise<string> {
  const photograph = photographOf(pair[0], sha256)!
  const picture = await pictures.add(photograph, {
    frameSide: largestFrame(networks, sha256),
    reading: pair[0].reading,
  })
  const frames = await Promise.all(pair.map((network) => readFrames(network, sha256, measure)))
  const colours = answerColours(frames.flat())
  const draw = isMap(measure) ? answerMap : barStrip
  const parts = pair.map((network, i) => {
    const own = frames[i] ?? []
    const value = metricText(measure, photographValues(network, measure).get(sha256) ?? null)
    const strip = draw(own, `Answers of ${network.model}`, colours)
    return `<p>${escapeHtml(network.model)}: ${value}</p>${strip}${legendHtml(own, colours)}`
  })
  return `<figure>${picture}<figcaption>${escapeHtml(photograph.name)}${rightText(photograph)}</figcaption>${parts.join('\n')}</figure>`
}

/** Reads the stored answers to a photograph's frames. */
async function readFrames(
  network: AnsweredNetwork,
  sha256: string,
  measure: ConsistencyMetric,
): Promise<readonly ShownFrame[]> {
  const { answers, names } = (await network.answersTo(measure.protocol, sha256)) ?? { answers: [], names: {} }
  const shown = isMap(measure) ? answers : answers.slice(0, MOST_BARS)
  return shown.map(({ answer, ...frame }) => ({ ...frame, answer: names[answer] ?? String(answer) }))
}

function rightText({ right }: MeasuredPhotograph): string {
  return right === undefined ? '' : `<br><span class="soft">right: ${escapeHtml(right.join(' or '))}</span>`
}

/** Lists the answers that have a colour. */
function legendHtml(frames: readonly ShownFrame[], colours: ReadonlyMap<string, string>): string {
  const answers = countedAnswers(frames)
  const listed = answers.flatMap(([answer, count]) => {
    const colour = colours.get(answer)
    if (colour === undefined) return []
    const swatch = `<span class="swatch" style="background:${colour}"></span>`
    return [`<li>${swatch} ${escapeHtml(answer)}: ${counted(count, 'frame')}</li>`]
  })
  const others = answers.length - listed.length
  if (others > 0) listed.push(`<li class="soft">${counted(others, 'other answer')}</li>`)
  return `<ul>${listed.join('')}</ul>`
}
