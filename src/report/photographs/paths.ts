import { answerNames } from '../../experiments/answers.js'
import { CONFIDENT } from '../../experiments/confidence.js'
import { escapeHtml } from '../../plot/html.js'
import { tableHtml } from '../../report/tables/render.js'
import { counted } from '../../support/text.js'
import type { NetworkAnswers } from '../networkAnswers.js'
import { storedAnswer } from '../photographAnswers.js'
import { answersOf, CONFIDENCE, keptValues, protocolNamed } from '../protocols.js'
import type { ConsistencyMeasure, ShownNetwork } from '../result.js'
import { answerColours, answerMap, barStrip, countedAnswers, type ShownFrame } from './answerStrip.js'
import { pairedDifference, photographValues } from './differences.js'
import { measureText, pairedText } from './measureText.js'
import { readPictures } from './pictures.js'
import { nameCell } from './tables.js'

const MOST_SHOWN = 12

/** Largest number of frames in a bar chart, which is enough for all paths in frames of up to 1,998 px. */
const MOST_BARS = 1024

/** The stored answers of each network, by its name. */
export type AnswersBy = ReadonlyMap<string, NetworkAnswers>

/** One network, or two networks that are compared. */
type Shown = readonly [ShownNetwork] | readonly [ShownNetwork, ShownNetwork]

/**
 * Shows the answers to the photographs that differ most between two networks, or for a single network those whose answer
 * changes most. All pairs are on the page. The first one is visible, and the link to another one shows it without a
 * script.
 * @param networks the best one first
 */
export async function pathsHtml(
  networks: readonly ShownNetwork[],
  measure: ConsistencyMeasure,
  answersBy: AnswersBy,
): Promise<string> {
  const all = pairsOf(networks).map((pair) => {
    const isHere = pair.every(({ model }) => answersBy.has(model))
    return { pair, isHere, photographs: isHere ? photographsOf(pair, measure) : [] }
  })
  // The first pair is visible, so it should have photographs.
  const shown = all.toSorted((a, b) => Number(a.photographs.length === 0) - Number(b.photographs.length === 0))
  const names = new Set(shown.flatMap(({ photographs }) => photographs))
  const files = [...answersBy.values()][0]?.files ?? []
  const { all: pictures, pictureOf } = await readPictures(
    files.filter(({ name }) => names.has(name)),
    (name) => largestFrame(networks, name),
  )
  const parts: string[] = []
  for (const { pair, isHere, photographs } of shown) {
    const figures: string[] = []
    for (const name of photographs)
      figures.push(`<figure>${pictureOf(name)}\n${await answersHtml(name, pair, measure, answersBy)}</figure>`)
    const title = escapeHtml(pair.map(({ model }) => model).join(' and '))
    parts.push(`<div class="pair" id="${idOf(pair, networks)}"><h3>${title}</h3>
${figures.length === 0 ? `<p>${nothingShown(pair, isHere)}</p>` : ''}
<div class="photographs">\n${figures.join('\n')}\n</div></div>`)
  }
  return `${explanationHtml(networks, measure)}
${pictures}
<div class="pairs">\n${parts.join('\n')}\n</div>`
}

/** @param isHere whether the answers of both networks are at hand */
function nothingShown({ length }: Shown, isHere: boolean): string {
  if (!isHere)
    return 'To see the photographs on which they differ, measure both networks in one call. Nothing is computed again.'
  return length === 1 ? 'No answer changes.' : 'No photograph differs for which both networks are confident.'
}

/** All pairs of networks, or the only network. */
function pairsOf(networks: readonly ShownNetwork[]): readonly Shown[] {
  const [first] = networks
  if (first !== undefined && networks.length === 1) return [[first]]
  return networks.flatMap((one, i) => networks.slice(i + 1).map((other) => [one, other] as const))
}

/** The largest frame in which a photograph was measured. It may be too small for other networks. */
function largestFrame(networks: readonly ShownNetwork[], photograph: string): number {
  const measured = networks.filter(({ photographs }) => photographs.some(({ name }) => name === photograph))
  return Math.max(...measured.map(({ frame }) => frame))
}

function idOf(pair: Shown, networks: readonly ShownNetwork[]): string {
  return `pair-${pair.map((network) => networks.indexOf(network) + 1).join('-')}`
}

/**
 * Sorts photographs by the difference between two networks, if both are confident. For one network, sorts them by the
 * difference from the best possible value, and confident ones come first. Photographs without a difference are left out.
 */
function photographsOf([one, other]: Shown, measure: ConsistencyMeasure): readonly string[] {
  const confidence = { protocol: measure.protocol, measure: CONFIDENCE }
  const confidences = [one, other ?? one].map((network) => photographValues(network, confidence))
  const others = other && photographValues(other, measure)
  const best = measure.better === 'higher' ? 1 : 0
  return [...photographValues(one, measure)]
    .map(([name, value]) => ({
      name,
      difference: Math.abs(value - (others === undefined ? best : (others.get(name) ?? value))),
      isConfident: confidences.every((own) => (own.get(name) ?? 0) >= CONFIDENT),
    }))
    .filter(({ difference, isConfident }) => difference > 0 && (isConfident || other === undefined))
    .sort((a, b) => Number(b.isConfident) - Number(a.isConfident) || b.difference - a.difference)
    .slice(0, MOST_SHOWN)
    .map(({ name }) => name)
}

/** Explains the figures. With several networks, a table links to the figures of each pair. */
function explanationHtml(networks: readonly ShownNetwork[], measure: ConsistencyMeasure): string {
  const drawing = isMap(measure)
    ? 'Each cell of a map is one position of the crop. Its colour stands for the answer.'
    : `Each bar is one frame (at most the first ${MOST_BARS}). Its height is the probability of the answer, from 0 to 1, and its colour stands for the answer. A line shows the probability of the right class, if it is known.`
  const name = `“${measure.title}” (protocol ${measure.protocol})`
  if (networks.length === 1)
    return `<p>Photographs are sorted by ${escapeHtml(name)}. Those whose first answer has a probability of at least ${CONFIDENT} come first. ${drawing}</p>`
  return `<p>Each number is a difference of two networks: the mean of ${escapeHtml(name)} in the network of the row minus
that in the network of the column, on the photographs that both measured. Choose a number to see the photographs that
differ most, among those whose first answer has a probability of at least ${CONFIDENT} in both networks. ${drawing}</p>
${differencesHtml(networks, measure)}`
}

/** The differences of all pairs of networks. Each one is a link to the photographs of the pair. */
function differencesHtml(networks: readonly ShownNetwork[], measure: ConsistencyMeasure): string {
  const columns = networks.slice(0, -1)
  const rows = networks.slice(1).map((row, i) => {
    const cells = columns.slice(0, i + 1).map((column) => {
      const difference = pairedDifference(row, column, measure)
      const text = difference === undefined ? '–' : pairedText(measure, difference)
      return { text, link: `#${idOf([column, row], networks)}`, label: `${row.model} minus ${column.model}: ${text}` }
    })
    return [nameCell(row), ...cells, ...columns.slice(i + 1).map(() => '')]
  })
  return tableHtml({ title: 'Differences of two networks', head: ['network', ...columns.map(nameCell)], rows })
}

/** Whether the frames of a protocol are all positions of a square, row by row. */
function isMap({ protocol }: ConsistencyMeasure): boolean {
  return protocolNamed(protocol).windows === true
}

/** Reads the stored answers to a photograph's frames. */
async function readFrames(
  answers: NetworkAnswers | undefined,
  photograph: string,
  measure: ConsistencyMeasure,
): Promise<readonly ShownFrame[]> {
  const row = answers?.measured.get(photograph)?.row
  if (answers === undefined || row === undefined) return []
  const { protocols, setting, store } = answers
  const at = protocols.findIndex(({ name }) => name === measure.protocol)
  const protocol = protocols[at] as (typeof protocols)[number]
  const first = protocols.slice(0, at).reduce((sum, one) => sum + keptValues(one, setting), 0)
  const frames = isMap(measure) ? answersOf(protocol, setting) : Math.min(MOST_BARS, answersOf(protocol, setting))
  const values = await store.read(row, first, frames * setting.columns.length)
  const names = answerNames(answers.network)
  return Array.from({ length: frames }, (_, i) => {
    const { answer, ...frame } = storedAnswer(i, values, setting, undefined)
    return { ...frame, answer: names[answer] ?? String(answer) }
  })
}

async function answersHtml(
  photograph: string,
  pair: Shown,
  measure: ConsistencyMeasure,
  answersBy: AnswersBy,
): Promise<string> {
  const frames = await Promise.all(pair.map(({ model }) => readFrames(answersBy.get(model), photograph, measure)))
  const colours = answerColours(frames.flat())
  const draw = isMap(measure) ? answerMap : barStrip
  const parts = pair.map((network, i) => {
    const own = frames[i] ?? []
    const value = measureText(measure, photographValues(network, measure).get(photograph) ?? null)
    const strip = draw(own, `Answers of ${network.model}`, colours)
    return `<p>${escapeHtml(network.model)}: ${value}</p>${strip}${legendHtml(own, colours)}`
  })
  return `<figcaption>${escapeHtml(photograph)}${rightText(answersBy.get(pair[0].model), photograph)}</figcaption>${parts.join('\n')}`
}

function rightText(answers: NetworkAnswers | undefined, photograph: string): string {
  const names = answers === undefined ? [] : answerNames(answers.network)
  const right = (answers?.right?.get(photograph) ?? []).map((index) => names[index] ?? index)
  return right.length === 0 ? '' : `<br><span class="soft">right: ${escapeHtml(right.join(' or '))}</span>`
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
