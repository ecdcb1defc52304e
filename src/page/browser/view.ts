import type { Position } from '../../engine/positions.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { plainOf } from '../../results/versions.js'
import type { SiteIndex } from '../siteIndex.js'
import { COLOUR_MAPS } from './colours.js'

/** What a panel is asked to show. It may name what the study does not hold; see `fitChoice`. */
export interface Choice {
  readonly model: string
  readonly layer: string
  readonly size: number
  /** null: the mean over patches. */
  readonly patch: string | null
  /** The name of an anchor, or any position. */
  readonly anchor: string | Position
}

/** What maps can show: similarity to the anchor, probability of the center's class, regions of equal answer. */
export const QUANTITIES = ['similarity', 'probability', 'answers'] as const
export type Quantity = (typeof QUANTITIES)[number]

/** All that a link restores. */
export interface View {
  readonly panels: readonly [Choice, Choice]
  /** Whether the second panel is shown. */
  readonly compare: boolean
  /** Whether the second panel takes size, patch and anchor from the first. */
  readonly linked: boolean
  /** Whether the second panel shows by how much its map is above the first one. */
  readonly difference: boolean
  /** What both maps show, as far as it is known. */
  readonly shows: Quantity
  readonly cursor: Position
  /** A name of COLOUR_MAPS. */
  readonly colours: string
  readonly limits: ColourLimits
}

/** What is asked of a view: the same in another state. */
export type Change = (view: View) => View

/** How far from the cosine's own range limits may lie. */
const FARTHEST_LIMIT = 10

/** The first of the first network's largest patches, the anti-aliased twin of the network beside it where there is one. */
export function firstView(index: SiteIndex): View {
  const [group] = index.groups
  if (group === undefined) throw new Error('the study is empty')
  const anchor = group.anchors.find(({ name }) => name === 'center') ?? group.anchors[0]
  const choice: Choice = {
    model: group.model,
    layer: group.layers[0]?.name ?? '',
    size: group.size,
    patch: group.units[0]?.patch ?? null,
    anchor: anchor?.name ?? '',
  }
  const models = [...new Set(index.groups.map(({ model }) => model))]
  const twin = models.find((model) => plainOf(model) === group.model)
  const other = twin ?? models.find((model) => model !== group.model) ?? group.model
  return {
    panels: [choice, { ...choice, model: other }],
    compare: twin !== undefined && index.isLive !== true,
    linked: true,
    difference: false,
    shows: 'similarity',
    cursor: anchor ?? { row: 0, col: 0 },
    colours: Object.keys(COLOUR_MAPS)[0] as string,
    limits: index.limits,
  }
}

/** A view whose panel shows something else; what is linked follows. */
export function withChoice(view: View, panel: number, change: Partial<Choice>): View {
  const [first, second] = view.panels
  if (panel === 1) return { ...view, panels: [first, { ...second, ...change }] }
  const main = { ...first, ...change }
  const { size, patch, anchor } = main
  return { ...view, panels: [main, view.linked ? { ...second, size, patch, anchor } : second] }
}

/** The fragment of a link that restores the view. */
export function formatView(view: View): string {
  const { compare, linked, difference, shows, cursor, colours, limits } = view
  const [first, second] = view.panels
  const parameters = new URLSearchParams()
  const add = (prefix: string, { model, layer, size, patch, anchor }: Choice, whole: boolean) => {
    parameters.set(`${prefix}network`, model)
    parameters.set(`${prefix}layer`, layer)
    if (!whole) return
    parameters.set(`${prefix}size`, String(size))
    if (patch !== null) parameters.set(`${prefix}patch`, patch)
    parameters.set(`${prefix}anchor`, typeof anchor === 'string' ? anchor : positionText(anchor))
  }
  add('', first, true)
  if (compare) {
    add('with-', second, !linked)
    if (!linked) parameters.set('linked', 'no')
    if (difference) parameters.set('show', 'difference')
  }
  if (shows !== 'similarity') parameters.set('map', shows)
  parameters.set('at', positionText(cursor))
  parameters.set('colours', colours)
  parameters.set('limits', `${limits.low},${limits.high}`)
  return `#${parameters.toString().replaceAll('%2C', ',')}`
}

/**
 * The view that a fragment names, the rest as in `base`; undefined for a fragment that is no view.
 * Numbers that are none are left out, names are taken as they are; `with=same` leaves the second panel as it is in `base`.
 */
export function parseView(fragment: string, base: View): View | undefined {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''))
  const model = parameters.get('network')
  if (model === null) return undefined
  const [first, second] = base.panels
  const choiceOf = (prefix: string, missing: Choice): Choice => {
    const anchor = parameters.get(`${prefix}anchor`)
    return {
      model: parameters.get(`${prefix}network`) ?? missing.model,
      layer: parameters.get(`${prefix}layer`) ?? missing.layer,
      size: parseNumber(parameters.get(`${prefix}size`)) ?? missing.size,
      patch: parameters.get(`${prefix}patch`),
      anchor: anchor === null ? missing.anchor : (parsePosition(anchor) ?? anchor),
    }
  }
  const named = parameters.has('with-network')
  const keeps = parameters.get('with') === 'same'
  const compare = named || (keeps && base.compare)
  const linked = named ? parameters.get('linked') !== 'no' : !keeps || base.linked
  const main = choiceOf('', first)
  const other = named ? choiceOf('with-', second) : second
  const { size, patch, anchor } = main
  const colours = parameters.get('colours') ?? ''
  return {
    panels: [main, linked ? { ...other, size, patch, anchor } : other],
    compare,
    linked,
    difference: compare && parameters.get('show') === 'difference',
    shows: QUANTITIES.find((one) => one === parameters.get('map')) ?? 'similarity',
    cursor: parsePosition(parameters.get('at') ?? '') ?? base.cursor,
    colours: Object.hasOwn(COLOUR_MAPS, colours) ? colours : base.colours,
    limits: parseLimits(parameters.get('limits') ?? '') ?? base.limits,
  }
}

function positionText({ row, col }: Position): string {
  return `${row},${col}`
}

function parsePosition(text: string): Position | undefined {
  const match = /^(\d{1,5}),(\d{1,5})$/.exec(text)
  return match === null ? undefined : { row: Number(match[1]), col: Number(match[2]) }
}

function parseNumber(text: string | null): number | undefined {
  return text !== null && /^-?\d{0,9}(\.\d{1,9})?$/.test(text) && /\d/.test(text) ? Number(text) : undefined
}

/** Two rising numbers, "0.88,1"; undefined if they are none. */
export function parseLimits(text: string): ColourLimits | undefined {
  const [low, high, rest] = text.split(',').map((part) => parseNumber(part.trim()))
  if (low === undefined || high === undefined || rest !== undefined || !(low < high)) return undefined
  return Math.max(Math.abs(low), Math.abs(high)) <= FARTHEST_LIMIT ? { low, high } : undefined
}
