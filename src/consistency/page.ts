import { InputError } from '../errors.js'
import { answerNames } from '../experiments/answers.js'
import { pageHtml, sectionHtml } from '../page/page.js'
import { type PhotographFile, readPhotograph, sourceSide } from '../patches/photographs.js'
import { escapeHtml } from '../plot/html.js'
import { seriesColour } from '../plot/marks.js'
import { decimalText } from '../plot/numberText.js'
import { markup, svg, tip } from '../plot/svg.js'
import { renderTable } from '../report/tables/render.js'
import { counted } from '../support/text.js'
import { centreOf } from './crop.js'
import type { NetworkAnswers } from './networkAnswers.js'
import { storedAnswer } from './photographAnswers.js'
import { answersOf, keptValues, type StoredAnswer } from './protocols.js'
import type { Consistency, ConsistencyMeasure, NetworkConsistency } from './result.js'

const MOST_SHOWN = 12

/** Largest number of frames in a bar chart, which is enough for all protocols with frames of up to 1,998 px. */
const MOST_BARS = 1024

const COLOURED_ANSWERS = 5

/** Size in pixels of the bar chart below each photograph. It has one bar per shifted frame. */
const STRIP = { width: 224, height: 56 }

const STYLE = `
.photographs{display:grid;grid-template-columns:repeat(auto-fill,minmax(224px,1fr));gap:1.4rem 1.2rem;margin-top:.8rem}
.photographs figure{max-width:224px}.photographs img{display:block;width:224px;height:224px;border-radius:4px}
.photographs svg{display:block;width:224px;height:56px;margin-top:.3rem}.photographs figcaption{overflow-wrap:anywhere}
.photographs ul{list-style:none;margin:0;padding:0;font-size:.88rem}`

export async function consistencyPage(result: Consistency, networks: readonly NetworkAnswers[]): Promise<string> {
  const sections = []
  for (const [i, network] of result.networks.entries()) {
    const answers = networks[i] as NetworkAnswers
    sections.push(
      {
        id: `measures-${i + 1}`,
        title: `Shift consistency of ${network.model}`,
        html: measuresHtml(result, network),
      },
      {
        id: `changes-${i + 1}`,
        title: 'Photographs whose answer changes most',
        html: await changesHtml(network, answers),
      },
    )
  }
  return pageHtml({
    title: `Shift consistency of ${result.networks.map(({ model }) => model).join(', ')}`,
    style: STYLE,
    hasViewer: false,
    links: sections,
    main: sections.map(sectionHtml).join('\n'),
  })
}

export function measureText({ unit }: Pick<ConsistencyMeasure, 'unit'>, value: number | null): string {
  if (value === null) return '–'
  return unit === 'share' ? `${decimalText(100 * value, 1)} %` : decimalText(value, unit === 'error' ? 5 : 4)
}

function measuresHtml(
  { draws, seed, protocols }: Consistency,
  { measures, photographs, failed, frame, device }: NetworkConsistency,
): string {
  const rows = measures.map((measure) => [
    measure.protocol,
    measure.title,
    measureText(measure, measure.mean),
    measureText(measure, measure.standardError),
  ])
  const table = { title: 'Measures', head: ['protocol', 'measure', 'mean', 'standard error'], rows }
  const random = protocols.some((name) => name === 'crop' || name === 'circular')
    ? ` Each photograph has ${counted(draws, 'pair')} of random shifts (seed ${seed}).`
    : ''
  const left = failed.length === 0 ? '' : ` ${counted(failed.length, 'photograph')} could not be used.`
  return `<p>Means over ${counted(photographs.length, 'photograph')} in frames of ${frame}×${frame} px, on ${escapeHtml(device)}.${random}${left}</p>
${renderTable(table, 'html')}
<p class="soft">As files: <a href="summary.csv">summary (CSV)</a>, <a href="consistency.json">summary (JSON)</a></p>`
}

async function changesHtml(result: NetworkConsistency, answers: NetworkAnswers): Promise<string> {
  const { network, protocols, setting, store } = answers
  const classes = answerNames(network)
  const at = Math.max(
    0,
    protocols.findIndex(({ isPath }) => isPath),
  )
  const protocol = protocols[at] as (typeof protocols)[number]
  const first = protocols.slice(0, at).reduce((sum, one) => sum + keptValues(one, setting), 0)
  const frames = answersOf(protocol, setting)
  const shown = Math.min(frames, MOST_BARS)
  const width = setting.columns.length
  const figures: string[] = []
  for (const { file, row } of mostChanging(result, answers, protocol.name)) {
    const values = await store.read(row, first, shown * width)
    const answered = Array.from({ length: shown }, (_, at) => storedAnswer(at, values, setting, undefined, at * width))
    figures.push(await figureHtml(file, answered, result.frame, classes))
  }
  const bars = protocol.isPath ? 'Each bar is one frame along the path' : 'Each bar is one shifted frame'
  const cut = frames > MOST_BARS ? ` Only the first ${MOST_BARS} of ${frames} frames are shown.` : ''
  return `<p>${bars} of the protocol ${protocol.name}. Its height is the probability of the answer, from 0 to 1, and its colour stands for the answer.${cut}</p>
<div class="photographs">
${figures.join('\n')}
</div>`
}

/** Finds the photographs whose answer changes most, according to the first measure of a protocol. */
function mostChanging(
  { photographs, measures }: NetworkConsistency,
  { files, measured }: NetworkAnswers,
  protocol: string,
) {
  const at = measures.findIndex((measure) => measure.protocol === protocol)
  const sign = measures[at]?.measure === 'agreement' ? -1 : 1
  const fileOf = new Map(files.map((file) => [file.name, file]))
  const sorted = photographs.toSorted((a, b) => sign * ((b.values[at] as number) - (a.values[at] as number)))
  return sorted.slice(0, MOST_SHOWN).flatMap(({ name }) => {
    const [file, row] = [fileOf.get(name), measured.get(name)?.row]
    return file === undefined || row === undefined ? [] : [{ file, row }]
  })
}

async function figureHtml(
  file: PhotographFile,
  answered: readonly StoredAnswer[],
  frame: number,
  classes: readonly string[],
): Promise<string> {
  const counts = new Map<number, number>()
  for (const { answer } of answered) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  const answers = [...counts].toSorted(([, a], [, b]) => b - a)
  const nameOf = (answer: number) => classes[answer] ?? String(answer)
  const colourOf = (answer: number) => {
    const place = answers.findIndex(([one]) => one === answer)
    return place < COLOURED_ANSWERS ? seriesColour(place) : 'var(--strong)'
  }
  const width = STRIP.width / answered.length
  const bars = answered.map(({ answer, probability }, i) => {
    const height = STRIP.height * probability
    const place = { x: i * width, y: STRIP.height - height, width: Math.max(1, width - 0.5), height }
    return svg('rect', { ...place, fill: colourOf(answer) }, tip(`${nameOf(answer)}, ${decimalText(probability, 2)}`))
  })
  const strip = svg(
    'svg',
    { viewBox: `0 0 ${STRIP.width} ${STRIP.height}`, role: 'img', 'aria-label': 'Answers by frame' },
    svg('rect', { class: 'edge', x: 0.5, y: 0.5, width: STRIP.width - 1, height: STRIP.height - 1 }),
    ...bars,
  )
  const legend = answers.slice(0, COLOURED_ANSWERS).map(([answer, count]) => {
    const swatch = `<span class="swatch" style="background:${colourOf(answer)}"></span>`
    return `<li>${swatch} ${escapeHtml(nameOf(answer))}: ${counted(count, 'frame')}</li>`
  })
  const others = answers.length - legend.length
  if (others > 0) legend.push(`<li class="soft">${counted(others, 'other answer')}</li>`)
  return `<figure>${await pictureHtml(file, frame)}
${markup(strip)}
<figcaption>${escapeHtml(file.name)}</figcaption>
<ul>${legend.join('')}</ul></figure>`
}

/** The middle of a photograph. It is left out if the file has been removed since it was measured. */
async function pictureHtml(file: PhotographFile, frame: number): Promise<string> {
  const read = await readPhotograph(file, frame, sourceSide(frame)).catch((error) => {
    if (!(error instanceof InputError)) throw error
  })
  if (read === undefined) return '<p class="soft">This photograph can no longer be read.</p>'
  const { default: sharp } = await import('sharp')
  const picture = await sharp(centreOf(read.image, frame).slice(), {
    raw: { width: frame, height: frame, channels: 3 },
  })
    .resize(STRIP.width)
    .jpeg()
    .toBuffer()
  return `<img src="data:image/jpeg;base64,${picture.toString('base64')}" alt="">`
}
