import { useState } from 'preact/hooks'
import { axisTicks, TICK_COLOUR, tickElements } from '../../plot/axis.js'
import { rangeScale } from '../../plot/scale.js'
import { type SvgElement, svg, textElement } from '../../plot/svg.js'
import { median } from '../../support/stopwatch.js'
import { counted } from '../../support/text.js'
import { type ObjectAnswer, stackedLevels } from '../html/everyObject.js'
import type { PanelId } from '../site/view.js'
import { isolated, shareText } from '../text/text.js'
import { drawn, useWidth } from './drawing.js'
import { moveFocus } from './keys.js'

/** What the chart and the small maps ask and tell the viewer. */
export interface AnswerActions {
  /** The maps of the viewer that show an answer. */
  readonly panelsOf: (one: ObjectAnswer) => readonly PanelId[]
  /** Shows an answer as a map. */
  readonly choose: (one: ObjectAnswer, panel: PanelId) => void
}

interface SpreadProps extends AnswerActions {
  readonly answers: readonly ObjectAnswer[]
}

/** A chart with one dot per object and network: the chance that two positions get the same answer. */
export function Spread({ answers, panelsOf, choose }: SpreadProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const [named, setNamed] = useState<ObjectAnswer>()
  const sorted = answers.toSorted((a, b) => a.answer.agreement - b.answer.agreement)
  const dotAt = ({ target }: Event) => sorted[Number((target as Element).getAttribute('data-dot') ?? -1)]
  const name = (event: Event) => setNamed(dotAt(event))
  const chooseAt = (event: MouseEvent | KeyboardEvent) => {
    const one = dotAt(event)
    if (one !== undefined) choose(one, event.shiftKey ? 'b' : 'a')
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the controls of a form
    <div
      class="spread"
      ref={box}
      role="group"
      aria-label="Chance that two positions get the same answer, a dot per object and network"
      onPointerOver={name}
      onFocusIn={name}
      onFocusOut={() => setNamed(undefined)}
      onClick={chooseAt}
      onKeyDown={(event) => {
        moveFocus(event)
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        chooseAt(event)
      }}
    >
      {width > 0 && drawn(chart(sorted, panelsOf, named, width))}
    </div>
  )
}

const RADIUS = 5
/** Distances between stacked dots, and the height to which stacks are compressed. */
const [STEP, LEAST_STEP, HIGHEST] = [11, 4, 140]

/** @param sorted the lowest agreement first */
function chart(
  sorted: readonly ObjectAnswer[],
  panelsOf: AnswerActions['panelsOf'],
  named: ObjectAnswer | undefined,
  width: number,
): SvgElement {
  const [left, right] = [2 * RADIUS, width - 4 * RADIUS]
  const scale = rangeScale(0, 100, 6)
  const x = (percent: number) => left + scale.at(percent) * (right - left)
  const stop = sorted.find((one) => panelsOf(one).length > 0) ?? sorted[0]
  const elements: SvgElement[] = []
  const onTop: SvgElement[] = []
  let floor = 0
  for (const isConfident of [true, false]) {
    const own = [...sorted.entries()].filter(([, one]) => one.isConfident === isConfident)
    if (own.length === 0) continue
    const places = own.map(([, { answer }]) => x(100 * answer.agreement))
    const { levels, step } = stacks(places)
    const title = floor + 14
    const base = title + 35 + Math.max(...levels) * step
    const middle = median(own.map(([, { answer }]) => answer.agreement))
    const middleAt = x(100 * middle)
    const [toText, align] = middle > 0.5 ? [-6, 'end'] : [6, 'start']
    floor = base + 22
    elements.push(
      textElement(0, title, isConfident ? 'Confident' : 'Unsure', { class: 'strong' }),
      textElement(76, title, counted(own.length, 'answer')),
      svg('line', { x1: left, x2: right, y1: base, y2: base, stroke: TICK_COLOUR }),
      svg('line', { class: 'median', x1: middleAt, x2: middleAt, y1: title + 6, y2: base + 5 }),
      textElement(middleAt + toText, title + 16, `median ${shareText(middle, 1)}`, { 'text-anchor': align }),
    )
    for (const [i, [dot, one]] of own.entries()) {
      const [cx, cy] = [places[i]!, base - RADIUS - 2 - levels[i]! * step]
      const words = wordsOf(one)
      elements.push(
        svg('circle', {
          class: isConfident ? 'at' : 'at unsure',
          cx,
          cy,
          r: Math.max(1.5, Math.min(RADIUS, (step - 1) / 2)),
          role: 'button',
          tabindex: one === stop ? 0 : -1,
          'aria-label': words,
          'data-dot': dot,
          'data-line': title,
        }),
      )
      onTop.push(...panelsOf(one).flatMap((panel) => badge(panel, cx, cy)))
      const anchor = cx > (2 / 3) * width ? 'end' : cx < width / 3 ? 'start' : 'middle'
      if (one === named) onTop.push(textElement(cx, base + 17, words, { class: 'named', 'text-anchor': anchor }))
    }
  }
  const axis = { side: 'below', from: floor, to: floor + 5, numbers: floor + 14 } as const
  const format = (tick: number) => (tick === 100 ? '100 %' : String(tick))
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${floor + 44}`, width, height: floor + 44 },
    ...tickElements(axisTicks({ ...scale, format }, x, axis), TICK_COLOUR),
    textElement(left, floor + 38, 'agreement: chance that two positions get the same answer'),
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

function badge(panel: PanelId, x: number, y: number): readonly SvgElement[] {
  const shape = { class: `shown ${panel}`, x: x - 9, y: y - 9, width: 18, height: 18, rx: panel === 'a' ? 9 : 2 }
  const letter = { class: `letter ${panel}`, 'text-anchor': 'middle' }
  return [svg('rect', shape), textElement(x, y + 4, panel.toUpperCase(), letter)]
}

function wordsOf({ group, patch, answer }: ObjectAnswer): string {
  return `${isolated(patch)}, ${isolated(group.model)}: agreement ${shareText(answer.agreement, 1)}`
}
