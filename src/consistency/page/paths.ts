import { CONFIDENT } from '../../experiments/answers.js'
import type { PhotographFile } from '../../patches/photographs.js'
import { escapeHtml } from '../../plot/html.js'
import { counted } from '../../support/text.js'
import { answerColours, answerMap, barStrip, countedAnswers, type ShownFrame } from './answerStrip.js'
import type { ConsistencyMeasure, NetworkConsistency } from './contract.js'
import { pairedDifference, valuesOf } from './differences.js'
import { differenceText, directionText, measureText } from './measureText.js'
import { readPictures } from './pictures.js'

/** Photographs and the stored answers to their frames. */
export interface ShownAnswers {
  readonly files: readonly PhotographFile[]
  /** Reads a network's answers to the first frames of a protocol, at most `most`. */
  readonly frames: (
    network: string,
    photograph: string,
    protocol: string,
    most: number,
  ) => Promise<readonly ShownFrame[]>
}

const MOST_SHOWN = 12

/** Largest number of frames in a bar chart, which is enough for all paths in frames of up to 1,998 px. */
const MOST_BARS = 1024

/** Number of answers that are listed below a strip. */
const MOST_LISTED = 3

/** One network, or two networks that are compared. */
type Shown = readonly [NetworkConsistency] | readonly [NetworkConsistency, NetworkConsistency]

/**
 * Shows the answers to the photographs that differ most between two networks, or for a single network those whose answer
 * changes most. All pairs are on the page. The first one is visible, and the link to another one shows it without a
 * script.
 * @param networks the best one first
 */
export async function pathsHtml(
  networks: readonly NetworkConsistency[],
  measure: ConsistencyMeasure,
  answers: ShownAnswers,
): Promise<string> {
  const shown = pairsOf(networks).map((pair) => ({ pair, photographs: photographsOf(pair, measure) }))
  const names = new Set(shown.flatMap(({ photographs }) => photographs))
  const frame = Math.max(...networks.map((network) => network.frame))
  const files = answers.files.filter(({ name }) => names.has(name))
  const { all, pictureOf } = await readPictures(files, frame)
  const parts: string[] = []
  for (const [i, { pair, photographs }] of shown.entries()) {
    const figures: string[] = []
    for (const name of photographs)
      figures.push(`<figure>${pictureOf(name)}\n${await answersHtml(name, pair, measure, answers)}</figure>`)
    const title = escapeHtml(pair.map(({ model }) => model).join(' and '))
    parts.push(`<div class="pair" id="${idOf(i)}"><h3>${title}</h3>
${figures.length === 0 ? '<p>There are no such photographs.</p>' : ''}
<div class="photographs">\n${figures.join('\n')}\n</div></div>`)
  }
  return `${explanationHtml(networks, measure)}
${all}
<div class="pairs">\n${parts.join('\n')}\n</div>`
}

/** All pairs of networks, or the only network. */
function pairsOf(networks: readonly NetworkConsistency[]): readonly Shown[] {
  const [first] = networks
  if (first !== undefined && networks.length === 1) return [[first]]
  return networks.flatMap((one, i) => networks.slice(i + 1).map((other) => [one, other] as const))
}

function idOf(pair: number): string {
  return `pair-${pair + 1}`
}

/**
 * Sorts photographs by the difference between two networks, if both are confident. For one network, sorts them by the
 * difference from the best possible value, and confident ones come first. Photographs without a difference are left out.
 */
function photographsOf([one, other]: Shown, measure: ConsistencyMeasure): readonly string[] {
  const confidence = { protocol: measure.protocol, measure: 'confidence' }
  const confidences = [one, other ?? one].map((network) => valuesOf(network, confidence))
  const others = other && valuesOf(other, measure)
  const best = measure.better === 'higher' ? 1 : 0
  return [...valuesOf(one, measure)]
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

/** Explains the figures, and links to those of each pair. */
function explanationHtml(networks: readonly NetworkConsistency[], measure: ConsistencyMeasure): string {
  const drawing = isMap(measure)
    ? 'Each cell of a map is one position of the crop. Its colour stands for the answer.'
    : 'Each bar is one frame. Its height is the probability of the answer, from 0 to 1, and its colour stands for the answer. A line shows the probability of the right class, if it is known.'
  const name = `“${measure.title}” (protocol ${measure.protocol}, ${directionText(measure)})`
  if (networks.length === 1)
    return `<p>Photographs are sorted by ${escapeHtml(name)}. Those whose first answer has a probability of at least 0.5 come first. ${drawing}</p>`
  const links = pairsOf(networks).map(([one, other = one], i) => {
    const difference = pairedDifference(other, one, measure)
    const text = difference === undefined ? '–' : differenceText(measure, difference)
    return `<li><a href="#${idOf(i)}">${escapeHtml(`${other.model} minus ${one.model}`)}</a>: ${text}</li>`
  })
  return `<p>Choose two networks. The numbers are the paired differences of the means of ${escapeHtml(name)}. You see the
photographs that differ most, among those whose first answer has a probability of at least 0.5 in both networks. ${drawing}</p>
<ul class="choice">\n${links.join('\n')}\n</ul>`
}

function isMap({ protocol }: ConsistencyMeasure): boolean {
  return protocol === 'crop-exact'
}

async function answersHtml(
  photograph: string,
  pair: Shown,
  measure: ConsistencyMeasure,
  answers: ShownAnswers,
): Promise<string> {
  const most = isMap(measure) ? Number.POSITIVE_INFINITY : MOST_BARS
  const rows = pair.map(({ model }) => answers.frames(model, photograph, measure.protocol, most))
  const frames = await Promise.all(rows)
  const colours = answerColours(frames.flat())
  const draw = isMap(measure) ? answerMap : barStrip
  const parts = pair.map((network, i) => {
    const own = frames[i] ?? []
    const value = measureText(measure, valuesOf(network, measure).get(photograph) ?? null)
    const strip = draw(own, `Answers of ${network.model}`, colours)
    return `<p>${escapeHtml(network.model)}: ${value}</p>${strip}${legendHtml(own, colours)}`
  })
  return `<figcaption>${escapeHtml(photograph)}</figcaption>${parts.join('\n')}`
}

function legendHtml(frames: readonly ShownFrame[], colours: ReadonlyMap<string, string>): string {
  const answers = countedAnswers(frames)
  const listed = answers.slice(0, MOST_LISTED).map(([answer, count]) => {
    const swatch = `<span class="swatch" style="background:${colours.get(answer)}"></span>`
    return `<li>${swatch} ${escapeHtml(answer)}: ${counted(count, 'frame')}</li>`
  })
  const others = answers.length - listed.length
  if (others > 0) listed.push(`<li class="soft">${counted(others, 'other answer')}</li>`)
  return `<ul>${listed.join('')}</ul>`
}
