import { seriesColour } from '../../plot/marks.js'
import { coordinate, markup, type SvgElement, svg, tip } from '../../plot/svg.js'

/** A network's answer to one frame, as the page shows it. */
export interface ShownFrame {
  readonly answer: string
  readonly probability: number
  /** Probability of the right class; NaN without a label. */
  readonly right: number
}

const [WIDTH, HEIGHT] = [224, 48]

const COLOURED_ANSWERS = 5

/** Answers and their numbers of frames. The most frequent answer comes first. */
export function countedAnswers(frames: readonly ShownFrame[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const { answer } of frames) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

/** Gives the most frequent answers a colour each. All others are grey. */
export function answerColours(frames: readonly ShownFrame[]): ReadonlyMap<string, string> {
  const coloured = countedAnswers(frames).slice(0, COLOURED_ANSWERS)
  return new Map(coloured.map(([answer], place) => [answer, seriesColour(place)]))
}

type Drawing = (frames: readonly ShownFrame[], name: string, colours: ReadonlyMap<string, string>) => string

/**
 * Draws the answers along a path. Each frame is a bar, with the answer's colour and the height of its probability. A
 * line shows the probability of the right class.
 */
export const barStrip: Drawing = (frames, name, colours) => {
  const width = WIDTH / frames.length
  const y = (probability: number) => coordinate(HEIGHT * (1 - probability))
  const bars = shapes(frames, colours, ({ probability }, i) => {
    const [left, right] = [i * width, Math.max(i * width + 1, (i + 1) * width - 0.5)]
    return `M${coordinate(left)} ${HEIGHT}V${y(probability)}H${coordinate(right)}V${HEIGHT}z`
  })
  const labelled = frames.flatMap(({ right }, i) => (Number.isNaN(right) ? [] : [[(i + 0.5) * width, right] as const]))
  const points = labelled.map(([x, right]) => `${coordinate(x)},${y(right)}`).join(' ')
  const edge = svg('rect', { class: 'edge', x: 0.5, y: 0.5, width: WIDTH - 1, height: HEIGHT - 1 })
  return picture(`0 0 ${WIDTH} ${HEIGHT}`, name, [edge, ...bars, svg('polyline', { points, class: 'right' })])
}

/** Draws the answers to all positions of a window as a square map. Each position has the colour of its answer. */
export const answerMap: Drawing = (frames, name, colours) => {
  const side = Math.round(Math.sqrt(frames.length))
  const cells = shapes(frames, colours, ({ answer }, i) => {
    const isSame = (place: number) => place % side > 0 && frames[place]?.answer === answer
    if (isSame(i) && frames[i - 1]?.answer === answer) return ''
    let end = i + 1
    while (isSame(end)) end++
    return `M${i % side} ${Math.floor(i / side)}h${end - i}v1h${i - end}z`
  })
  return picture(`0 0 ${side} ${side}`, name, cells)
}

/** One path for all frames with the same answer, so that a page with many strips stays small. */
function shapes(
  frames: readonly ShownFrame[],
  colours: ReadonlyMap<string, string>,
  outline: (frame: ShownFrame, i: number) => string,
): readonly SvgElement[] {
  const outlines = new Map<string, string>()
  for (const [i, frame] of frames.entries())
    outlines.set(frame.answer, (outlines.get(frame.answer) ?? '') + outline(frame, i))
  return [...outlines].map(([answer, d]) =>
    svg('path', { d, fill: colours.get(answer) ?? 'var(--strong)' }, tip(answer)),
  )
}

function picture(viewBox: string, name: string, children: readonly SvgElement[]): string {
  return markup(svg('svg', { viewBox, role: 'img', 'aria-label': name }, ...children))
}
