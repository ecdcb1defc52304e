import type { Position } from '../../engine/scene/positions.js'
import { headOf } from '../../experiments/answers/heads.js'
import type { ColourLimits } from '../../plot/colormap.js'
import type { NetworkPair } from '../../results/store/pairs.js'
import { centerOf, comparedIn, kindOf } from '../site/groups.js'
import type { SiteIndex } from '../site/siteIndex.js'
import { QUANTITIES, type View } from '../site/view.js'

export type Change = (view: View) => View

/** A colour scale is refused if one of its ends is beyond ± this number. Cosines are never beyond ±1. */
const FARTHEST_LIMIT = 10

/**
 * The default view: the first object in the first network. If that network is the plain one of a pair, map B shows the
 * variant. The maps show answers if the network's classes are known, and otherwise similarity.
 */
export function firstView(index: SiteIndex): View {
  const group = index.groups.find((one) => kindOf(one) === 'object') ?? index.groups[0]
  if (group === undefined) throw new Error('the study has no networks')
  const center = centerOf(group)
  const models = new Set(index.groups.map(({ model }) => model))
  const isBeside = ({ kind, plain, variant }: NetworkPair) =>
    kind !== 'no-flips' && plain === group.model && models.has(variant)
  const other = index.isLive ? undefined : index.pairs?.find(isBeside)?.variant
  return {
    model: group.model,
    other: other ?? null,
    layer: group.layers[0]?.name ?? '',
    size: index.wished ?? comparedIn(index)(group),
    patch: group.units[0]?.patch ?? null,
    anchor: center.name,
    shows: group.classes === null ? 'similarity' : headOf(group.head).opens,
    cursor: center,
    limits: index.limits,
  }
}

export function formatView(view: View): string {
  const { model, other, layer, size, patch, anchor, shows, cursor, limits } = view
  const parameters = new URLSearchParams({
    network: model,
    with: other ?? '',
    layer,
    size: String(size),
    patch: patch ?? '',
    anchor: typeof anchor === 'string' ? anchor : positionText(anchor),
    map: shows,
    at: positionText(cursor),
    limits: limits === 'fit' ? limits : `${limits.low},${limits.high}`,
  })
  return `#${parameters.toString().replaceAll('%2C', ',')}`
}

/**
 * Reads a view from a URL fragment; undefined if the fragment is not a view. Missing settings and invalid numbers are
 * taken from `base`. An empty `with` means that there is no map B. An empty `patch` means the mean over objects.
 */
export function parseView(fragment: string, base: View): View | undefined {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''))
  const model = parameters.get('network')
  if (model === null) return undefined
  const textOf = (name: string, missing: string | null) =>
    parameters.has(name) ? parameters.get(name) || null : missing
  const anchor = parameters.get('anchor')
  return {
    model,
    other: textOf('with', base.other),
    layer: parameters.get('layer') ?? base.layer,
    size: parseNumber(parameters.get('size')) ?? base.size,
    patch: textOf('patch', base.patch),
    anchor: anchor === null ? base.anchor : (parsePosition(anchor) ?? anchor),
    shows: QUANTITIES.find((one) => one === parameters.get('map')) ?? base.shows,
    cursor: parsePosition(parameters.get('at') ?? '') ?? base.cursor,
    limits:
      parameters.get('limits') === 'fit' ? 'fit' : (limitsFromText(parameters.get('limits') ?? '') ?? base.limits),
  }
}

function positionText({ row, col }: Position): string {
  return `${Math.round(row)},${Math.round(col)}`
}

function parsePosition(text: string): Position | undefined {
  const match = /^(-?\d{1,5}),(-?\d{1,5})$/.exec(text)
  return match === null ? undefined : { row: Number(match[1]), col: Number(match[2]) }
}

function parseNumber(text: string | null): number | undefined {
  return text !== null && /^-?\d{0,9}(\.\d{1,9})?$/.test(text) && /\d/.test(text) ? Number(text) : undefined
}

/** Reads two numbers, the smaller one first, such as "0.88,1"; undefined for any other text. */
export function limitsFromText(text: string): ColourLimits | undefined {
  const [low, high, rest] = text.split(',').map((part) => parseNumber(part.trim()))
  if (low === undefined || high === undefined || rest !== undefined || !(low < high)) return undefined
  return Math.max(Math.abs(low), Math.abs(high)) <= FARTHEST_LIMIT ? { low, high } : undefined
}
