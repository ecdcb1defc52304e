import type { SiteIndex } from '../siteIndex.js'
import { element } from './dom.js'
import { type Fitted, hasFeatures } from './fit.js'
import type { Choice, View } from './view.js'

/** What is asked of a view: the same in another state. */
export type Change = (view: View) => View

/** The selects of one panel; the first panel's also stand for the second's while they are linked. */
const FIELDS = ['model', 'layer', 'size', 'patch', 'anchor'] as const
const MEAN = 'mean'
const ANY_PLACE = 'any'

/** Lets the selects of both panels change what they show. */
export function bindSelects(index: SiteIndex, fitted: (panel: number) => Fitted, onChange: (change: Change) => void) {
  for (const [panel, prefix] of PANEL_IDS.entries()) {
    for (const field of FIELDS) {
      const select = element(`${prefix}-${field}`, HTMLSelectElement)
      select.addEventListener('change', () => {
        const now = fitted(panel)
        onChange((view) => withChoice(view, panel, readField(index, now, field, select.value, view)))
      })
    }
  }
}

/** How the ids of a panel's elements begin. */
export const PANEL_IDS = ['a', 'b'] as const

/** A view whose panel shows something else; what is linked follows. */
export function withChoice(view: View, panel: number, change: Partial<Choice>): View {
  const [first, second] = view.panels
  if (panel === 1) return { ...view, panels: [first, { ...second, ...change }] }
  const main = { ...first, ...change }
  const { size, patch, anchor } = main
  return { ...view, panels: [main, view.linked ? { ...second, size, patch, anchor } : second] }
}

function readField(
  index: SiteIndex,
  { group }: Fitted,
  field: (typeof FIELDS)[number],
  value: string,
  { cursor }: View,
): Partial<Choice> {
  const number = Number(value)
  if (field === 'model') return { model: modelsOf(index)[number] ?? group.model }
  if (field === 'layer') return { layer: group.layers[number]?.name ?? '' }
  if (field === 'size') return { size: number }
  if (field === 'patch') return { patch: value === MEAN ? null : (group.units[number]?.patch ?? null) }
  return { anchor: value === ANY_PLACE ? cursor : (group.anchors[number]?.name ?? '') }
}

function modelsOf({ groups }: SiteIndex): readonly string[] {
  return [...new Set(groups.map(({ model }) => model))]
}

/** Shows in the selects what the panels show. */
export function showSelects(index: SiteIndex, fits: readonly Fitted[]): void {
  for (const [i, fitted] of fits.entries()) {
    const { group, choice, layer, unit, anchor, anchorPlace } = fitted
    const fillField = (
      field: (typeof FIELDS)[number],
      options: readonly (readonly [string, string])[],
      value: string,
    ) => fill(element(`${PANEL_IDS[i]}-${field}`, HTMLSelectElement), options, value)
    const models = modelsOf(index)
    fillField('model', numbered(models), String(models.indexOf(group.model)))
    fillField('layer', numbered(group.layers.map(({ name }) => name)), String(layer))
    const sizes = index.groups.filter(({ model }) => model === group.model).map(({ size }) => String(size))
    const sizeOptions = sizes.map((size) => [size, `${size}×${size} px`] as const)
    fillField('size', sizeOptions, String(group.size))
    const mean = group.units.length === 1 ? 'mean (one patch)' : `mean over ${group.units.length} patches`
    const patches = numbered(group.units.map(({ patch }) => patch))
    fillField('patch', [[MEAN, mean], ...patches], unit === null ? MEAN : String(unit))
    const place = `row ${anchorPlace.row}, column ${anchorPlace.col}`
    const any = [ANY_PLACE, typeof choice.anchor === 'string' ? 'any position: click the map' : place] as const
    const anchors = numbered(group.anchors.map(({ name }) => name))
    fillField('anchor', hasFeatures(fitted) ? [...anchors, any] : anchors, anchor === null ? ANY_PLACE : String(anchor))
  }
}

function numbered(texts: readonly string[]): readonly (readonly [string, string])[] {
  return texts.map((text, i) => [String(i), text] as const)
}

/** Names become text, never markup. A select that has these options already keeps them, and the user's place in them. */
function fill(select: HTMLSelectElement, options: readonly (readonly [string, string])[], value: string): void {
  const has = [...select.options]
  const same = has.length === options.length && has.every((option, i) => option.text === options[i]?.[1])
  if (!same) {
    select.replaceChildren(
      ...options.map(([key, text]) => {
        const option = new Option(text, key)
        option.dir = 'auto'
        return option
      }),
    )
  }
  select.value = value
}
