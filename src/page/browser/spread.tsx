import { useState } from 'preact/hooks'
import { inWordsOf, subjectOf } from '../../patches/sizes.js'
import { axisTicks, TICK_COLOUR, tickElements } from '../../plot/axis.js'
import { rangeScale } from '../../plot/scale.js'
import { type SvgElement, svg, textElement } from '../../plot/svg.js'
import { median } from '../../support/stopwatch.js'
import { counted } from '../../support/text.js'
import { drawn, useWidth } from './drawing.js'
import { answerName, isConfident, type ObjectAnswer, stackedLevels } from './everyObject.js'
import { moveFocus } from './keys.js'
import type { PanelId } from './readings.js'
import { shareText } from './text.js'

interface SpreadProps {
  readonly answers: readonly ObjectAnswer[]
  /** The maps of the viewer that show an answer. */
  readonly shownIn: (one: ObjectAnswer) => readonly PanelId[]
  readonly choose: (one: ObjectAnswer, isOther: boolean) => void
}

/** A chart with one dot per object and network: the share of positions that keep the center's answer. */
export function Spread({ answers, shownIn, choose }: SpreadProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const [named, setNamed] = useState<ObjectAnswer>()
  const sorted = answers.toSorted((a, b) => a.answer.kept - b.answer.kept)
  const dotAt = ({ target }: Event) => {
    const number = (target as Element).getAttribute('data-dot')
    return number === null ? undefined : sorted[Number(number)]
  }
  const name = (event: Event) => setNamed(dotAt(event))
  const chooseAt = (event: MouseEvent | KeyboardEvent) => {
    const one = dotAt(event)
    if (one !== undefined) choose(one, event.shiftKey)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the controls of a form
    <div
      class="spread"
      ref={box}
      role="group"
      aria-label="Share of positions that keep the center’s answer, a dot per object and network"
      onPointerOver={name}
      onPointerLeave={() => setNamed(undefined)}
      onFocusIn={name}
      onFocusOut={() => setNamed(undefined)}
      onClick={chooseAt}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault()
          chooseAt(event)
        } else moveFocus(event)
      }}
    >
      {width > 0 && drawn(chart({ sorted, shownIn, width, named }))}
    </div>
  )
}

/** Width of the rows' names beside the axis, and of a chart so narrow that they are above it. */
const NAMES = 128
const NARROW = 560

const RADIUS = 5
/** Distances between stacked dots, and the height to which stacks are compressed. */
const STEP = 11
const LEAST_STEP = 4
const HIGHEST = 140

interface Chart extends Pick<SpreadProps, 'shownIn'> {
  /** The smallest share first. */
  readonly sorted: readonly ObjectAnswer[]
  readonly width: number
  /** The dot that the chart names. */
  readonly named: ObjectAnswer | undefined
}

function chart({ sorted, shownIn, width, named }: Chart): SvgElement {
  const isNarrow = width < NARROW
  const [left, right] = [isNarrow ? 2 * RADIUS : NAMES, width - 4 * RADIUS]
  const scale = rangeScale(0, 100, 6)
  const x = (percent: number) => left + scale.at(percent) * (right - left)
  const elements: SvgElement[] = []
  const onTop: SvgElement[] = []
  const stop = sorted.find((one) => shownIn(one).length > 0) ?? sorted[0]
  const numbered = [...sorted.entries()]
  let floor = 0
  for (const [title, own] of [
    ['Confident', numbered.filter(([, one]) => isConfident(one))],
    ['Unsure', numbered.filter(([, one]) => !isConfident(one))],
  ] as const) {
    if (own.length === 0) continue
    const places = own.map(([, { answer }]) => x(100 * answer.kept))
    const { levels, step } = stacks(places)
    const top = floor + (isNarrow ? 40 : 24)
    floor = top + Math.max(...levels) * step + 2 * RADIUS
    const base = floor + 8
    elements.push(
      textElement(0, isNarrow ? top - 24 : floor, title, { class: 'strong' }),
      textElement(isNarrow ? 76 : 0, isNarrow ? top - 24 : floor + 16, counted(own.length, 'answer'), SOFT),
      svg('line', { x1: left, x2: right, y1: base, y2: base, stroke: TICK_COLOUR }),
      ...medianMark(median(own.map(([, { answer }]) => answer.kept)), x, top - 10, base),
    )
    for (const [i, [dot, one]] of own.entries()) {
      const [at, y] = [places[i] as number, floor - (levels[i] as number) * step]
      elements.push(
        svg('circle', {
          class: `at${title === 'Unsure' ? ' unsure' : ''}`,
          cx: at,
          cy: y,
          r: Math.max(1.5, Math.min(RADIUS, (step - 1) / 2)),
          role: 'button',
          tabindex: one === stop ? 0 : -1,
          'aria-label': answerName(one),
          'data-dot': dot,
          'data-line': title,
        }),
      )
      onTop.push(...shownIn(one).flatMap((panel) => badge(panel, at, y)))
      if (one === named) onTop.push(nameOf(one, at, base + 16, width))
    }
    floor = base + 20
  }
  const axis = axisTicks({ ...scale, format: (tick) => `${tick}${tick === 100 ? ' %' : ''}` }, x, {
    side: 'below',
    from: floor,
    to: floor + 5,
    numbers: floor + 14,
  })
  const subject = sorted[0] === undefined ? 'objects' : subjectOf(sorted[0].group)
  const words = isNarrow ? AXIS : `${AXIS}; ${inWordsOf(subject, 'each dot is one object in one network')}`
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${floor + 44}`, width, height: floor + 44 },
    ...tickElements(axis, TICK_COLOUR),
    textElement((left + right) / 2, floor + 38, words, { 'text-anchor': 'middle', ...SOFT }),
    ...elements,
    ...onTop,
  )
}

/** Stacks dots that would overlap, and makes them smaller until the highest stack is low enough. */
function stacks(places: readonly number[], step = STEP): { readonly levels: readonly number[]; readonly step: number } {
  const levels = stackedLevels(places, step)
  const highest = Math.max(...levels)
  if (highest * step <= HIGHEST) return { levels, step }
  return step > LEAST_STEP ? stacks(places, step - 1) : { levels, step: HIGHEST / highest }
}

const AXIS = 'positions that keep the center’s answer'
const SOFT = { fill: 'var(--soft)' }

function medianMark(middle: number, x: (percent: number) => number, top: number, base: number): readonly SvgElement[] {
  const at = x(100 * middle)
  const [offset, anchor] = middle > 0.5 ? [-6, 'end'] : [6, 'start']
  return [
    svg('line', {
      class: 'median',
      x1: at,
      x2: at,
      y1: top - 10,
      y2: base + 4,
      stroke: 'var(--ink)',
      'stroke-width': 2,
    }),
    textElement(at + offset, top, `median ${shareText(middle, 1)}`, { class: 'median', 'text-anchor': anchor }),
  ]
}

function badge(panel: PanelId, x: number, y: number): readonly SvgElement[] {
  const shape =
    panel === 'a'
      ? svg('circle', { class: 'shown', cx: x, cy: y, r: 9.5 })
      : svg('rect', { class: 'shown b', x: x - 9, y: y - 9, width: 18, height: 18, rx: 2 })
  return [shape, textElement(x, y + 4, panel.toUpperCase(), { class: `letter ${panel}`, 'text-anchor': 'middle' })]
}

/** Names a dot below it, within the chart. */
function nameOf(one: ObjectAnswer, x: number, y: number, width: number): SvgElement {
  const anchor = x > (2 / 3) * width ? 'end' : x < width / 3 ? 'start' : 'middle'
  return textElement(x, y, answerName(one), { class: 'named', 'text-anchor': anchor, 'aria-hidden': 'true' })
}
