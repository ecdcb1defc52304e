import type { SiteIndex } from '../siteIndex.js'
import { element } from './dom.js'
import { type Fitted, hasFeatures } from './fit.js'
import { PANEL_IDS } from './panel.js'
import { type Change, type Choice, type View, withChoice } from './view.js'

/** The selects of one panel; the first panel's also set the second's while they are linked. */
const FIELDS = ['model', 'layer', 'size', 'patch', 'anchor'] as const
const MEAN = 'mean'
const ANY_POSITION = 'any'

/** Lets the selects of both panels change what they show. */
export function bindSelects(
  index: () => SiteIndex,
  fitted: (panel: number) => Fitted,
  onChange: (change: Change) => void,
) {
  for (const [panel, prefix] of PANEL_IDS.entries()) {
    for (const field of FIELDS) {
      const select = element(`${prefix}-${field}`, HTMLSelectElement)
      select.addEventListener('change', () => {
        const now = fitted(panel)
        onChange((view) => withChoice(view, panel, readField(index(), now, field, select.value, view)))
      })
    }
  }
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
  return { anchor: value === ANY_POSITION ? cursor : (group.anchors[number]?.name ?? '') }
}

function modelsOf({ groups }: SiteIndex): readonly string[] {
  return [...new Set(groups.map(({ model }) => model))]
}

/** Shows in the selects what the panels show. */
export function showSelects(index: SiteIndex, fits: readonly Fitted[]): void {
  for (const [i, fitted] of fits.entries()) {
    const { group, layer, unit, anchor } = fitted
    const models = modelsOf(index)
    const sizes = index.groups.filter(({ model }) => model === group.model).map(({ size }) => size)
    const shown: Readonly<Record<(typeof FIELDS)[number], readonly [readonly SelectOption[], string]>> = {
      model: [numbered(models), String(models.indexOf(group.model))],
      layer: [numbered(group.layers.map(({ name }) => name)), String(layer)],
      size: [sizes.map((size) => [String(size), `${size}×${size} px`]), String(group.size)],
      patch: [patchOptions(fitted, index.isLive !== true), unit === null ? MEAN : String(unit)],
      anchor: [anchorOptions(fitted), anchor === null ? ANY_POSITION : String(anchor)],
    }
    for (const field of FIELDS) fill(element(`${PANEL_IDS[i]}-${field}`, HTMLSelectElement), ...shown[field])
  }
}

/** Value and text. */
type SelectOption = readonly [string, string]

function patchOptions({ group }: Fitted, hasMean: boolean): readonly SelectOption[] {
  const patches = numbered(group.units.map(({ patch }) => patch))
  if (!hasMean) return patches
  const mean = group.units.length === 1 ? 'mean (one patch)' : `mean over ${group.units.length} patches`
  return [[MEAN, mean], ...patches]
}

function anchorOptions(fitted: Fitted): readonly SelectOption[] {
  const { group, anchor, anchorPosition } = fitted
  const named = numbered(group.anchors.map(({ name }) => name))
  if (!hasFeatures(fitted)) return named
  const any =
    anchor === null ? `row ${anchorPosition.row}, column ${anchorPosition.col}` : 'any position: click the map'
  return [...named, [ANY_POSITION, any]]
}

function numbered(texts: readonly string[]): readonly SelectOption[] {
  return texts.map((text, i) => [String(i), text] as const)
}

/** Names become text, never markup. A select that has these options already keeps them, and the user's place in them. */
function fill(select: HTMLSelectElement, options: readonly SelectOption[], value: string): void {
  const has = [...select.options]
  const same = has.length === options.length && has.every((option, i) => option.textContent === options[i]?.[1])
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
