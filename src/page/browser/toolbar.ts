import { element } from './dom.js'
import { type Fitted, hasFeatures } from './fit.js'
import { showLimits } from './limits.js'
import { type Change, QUANTITIES, type View, withChoice } from './view.js'

/** What the toolbar can ask for beside another view. */
export interface ToolbarActions {
  readonly change: (change: Change) => void
  readonly stepPatch: (by: number) => void
  readonly anchorHere: () => void
  readonly hold: (hold: boolean) => void
}

/** Lets the controls beside the selects change the view. */
export function bindToolbar({ change, stepPatch, anchorHere, hold }: ToolbarActions): void {
  const onToggle = (id: string, act: (checked: boolean) => void) => {
    const box = element(id, HTMLInputElement)
    box.addEventListener('change', () => act(box.checked))
  }
  const onClick = (id: string, act: () => void) => element(id, HTMLButtonElement).addEventListener('click', act)
  onToggle('compare', (compare) => change((view) => ({ ...view, compare })))
  onToggle('linked', (linked) => change((view) => withChoice({ ...view, linked }, 0, {})))
  onToggle('show-difference', (difference) => change((view) => ({ ...view, difference })))
  onToggle('hold', hold)
  const colours = element('colours', HTMLSelectElement)
  colours.addEventListener('change', () => change((view) => ({ ...view, colours: colours.value })))
  const shows = element('shows', HTMLSelectElement)
  shows.addEventListener('change', () => {
    const wanted = QUANTITIES.find((one) => one === shows.value)
    if (wanted !== undefined) change((view) => ({ ...view, shows: wanted }))
  })
  onClick('anchor-here', anchorHere)
  onClick('previous-patch', () => stepPatch(-1))
  onClick('next-patch', () => stepPatch(1))
}

/**
 * Shows in these controls what the view is.
 * @param fits of the panels that are shown
 */
export function showToolbar(view: View, fits: readonly Fitted[]): void {
  const [first] = fits
  element('compare', HTMLInputElement).checked = view.compare
  const linked = element('linked', HTMLInputElement)
  linked.checked = view.linked
  linked.disabled = !view.compare
  const difference = element('show-difference', HTMLInputElement)
  difference.checked = view.difference
  difference.disabled = !view.compare
  element('colours', HTMLSelectElement).value = view.colours
  showLimits(view.limits)
  element('limits', HTMLFieldSetElement).disabled = view.shows !== 'similarity'
  const shows = element('shows', HTMLSelectElement)
  shows.value = view.shows
  for (const option of shows.options)
    option.disabled = option.value !== 'similarity' && !fits.some(({ group }) => group.hasAnswers)
  element('viewer', HTMLElement).classList.toggle('single', !view.compare)
  element('b-panel', HTMLElement).hidden = !view.compare
  element('b-own', HTMLElement).hidden = view.linked
  element('anchor-here', HTMLButtonElement).hidden = first === undefined || !hasFeatures(first)
}
