import type { Position } from '../../engine/scene/positions.js'
import { indexOf, positionAt } from '../../experiments/maps/grid.js'
import { centerOf, comparedIn, correspondingPosition, type Kind, kindOf } from '../site/groups.js'
import type { SiteGroup, SiteIndex } from '../site/siteIndex.js'
import type { View } from '../site/view.js'
import { isolated } from '../text/text.js'

export type Choice = Pick<View, 'model' | 'layer' | 'size' | 'patch' | 'anchor'>

/** A choice that exists in the study, and where the study's index lists it. */
export interface Fitted {
  readonly choice: Choice
  readonly group: SiteGroup
  readonly layer: number
  /** Index of the object in `group.units`; null for the mean over all objects. */
  readonly unit: number | null
  /** Index in `group.anchors`; null if the anchor is not in this list. The map is then computed from features. */
  readonly anchor: number | null
  readonly anchorPosition: Position
  /** Sentences that tell the user how this choice differs from the wanted one. */
  readonly notes: readonly string[]
}

/** The first entry is for map A, the second one for map B, if there is a map B. */
export type Fits = readonly [Fitted, ...Fitted[]]

/** A link may name the size of its network in pixels. This replaces it by the one that other networks have, too. */
export function withComparedSize(index: SiteIndex, view: View): View {
  const compared = comparedIn(index)
  const own = index.groups.filter(({ model }) => model === view.model)
  const named = own.find((group) => compared(group) === view.size) ?? own.find(({ size }) => size === view.size)
  return named === undefined ? view : { ...view, size: compared(named) }
}

/** Finds what each map can show. */
export function fitView(index: SiteIndex, view: View): Fits {
  const { other, size, patch, anchor } = view
  const fitted = (model: string, layer: string, of?: SiteGroup) =>
    fitChoice(index, { model, layer, size, patch, anchor }, of)
  const layerIn = (model: string) => {
    const layers = index.groups.find((group) => group.model === model)?.layers ?? []
    return layers.some(({ name }) => name === view.layer) ? view.layer : (layers.at(-1)?.name ?? view.layer)
  }
  // Maps of answers do not depend on the layer.
  const first = fitted(view.model, view.shows === 'similarity' ? view.layer : layerIn(view.model))
  if (other === null) return [first]
  const second = fitted(other, layerIn(other), first.group)
  const isSame = second.group.model === first.group.model
  return [first, isSame ? { ...second, notes: [...second.notes, SAME_NETWORK] } : second]
}

const SAME_NETWORK = 'Maps A and B show the same network.'

/**
 * Finds the choice in the study that is closest to the wanted one.
 * @param of the group whose pixels a wanted anchor without a name is in; by default, the group that is found
 */
export function fitChoice(index: SiteIndex, wanted: Choice, of?: SiteGroup): Fitted {
  const notes: string[] = []
  const ofModel = index.groups.filter(({ model }) => model === wanted.model)
  if (ofModel.length === 0) notes.push(`This page has no network ${isolated(wanted.model)}.`)
  const sizeOf = comparedIn(index)
  const kind = wantedKind(index, wanted)
  const all = ofModel.length > 0 ? ofModel : index.groups
  const ofKind = all.filter((one) => kindOf(one) === kind)
  const candidates = ofKind.length > 0 ? ofKind : all
  const group = candidates.find((one) => sizeOf(one) === wanted.size) ?? candidates[0]
  if (group === undefined) throw new Error('the study has no networks')
  // On the live page, every network shows every size.
  const isOther = kind === 'object' ? sizeOf(group) !== wanted.size : ofKind.length === 0
  if (ofModel.length > 0 && !index.isLive && isOther)
    notes.push(`${isolated(group.model)} was not measured with ${kind}s of ${wanted.size} px.`)
  const layer = Math.max(
    0,
    group.layers.findIndex(({ name }) => name === wanted.layer),
  )
  const { name } = group.layers[layer]!
  // If the whole network is missing, a note about its layer would add nothing.
  if (ofModel.length > 0 && name !== wanted.layer)
    notes.push(`There is no layer ${isolated(wanted.layer)} here. The map shows ${isolated(name)}.`)
  const found = group.units.findIndex(({ patch }) => patch === wanted.patch)
  const instead = index.isLive ? 0 : null
  const unit = found < 0 ? instead : found
  if (wanted.patch !== null && found < 0) {
    const shown = unit === null ? `the mean of all ${kindOf(group)}s` : isolated(group.units[unit]?.patch ?? '')
    notes.push(`There is no ${kind} ${isolated(wanted.patch)} here. The map shows ${shown}.`)
  }
  const { anchor, position } = fitAnchor(group, layer, unit, anchorIn(group, wanted, of), notes)
  const choice: Choice = {
    model: group.model,
    layer: name,
    size: index.wished ?? sizeOf(group),
    patch: unit === null ? null : (group.units[unit]?.patch ?? null),
    anchor: anchor === null ? position : (group.anchors[anchor]?.name ?? ''),
  }
  return { choice, group, layer, unit, anchor, anchorPosition: position, notes }
}

/** Names of objects and photographs differ. A mean has no name, so its size decides. */
function wantedKind(index: SiteIndex, { patch, size }: Choice): Kind {
  const sizeOf = comparedIn(index)
  const group =
    index.groups.find(({ units }) => units.some((one) => one.patch === patch)) ??
    index.groups.find((one) => sizeOf(one) === size)
  return group === undefined ? 'object' : kindOf(group)
}

function anchorIn(group: SiteGroup, { anchor }: Choice, of = group): Choice['anchor'] {
  return typeof anchor === 'string' ? anchor : correspondingPosition(anchor, of, group)
}

function fitAnchor(
  group: SiteGroup,
  layer: number,
  unit: number | null,
  wanted: string | Position,
  notes: string[],
): { anchor: number | null; position: Position } {
  if (typeof wanted !== 'string') {
    if (featureParts(group, layer, unit) > 0) return { anchor: null, position: nearestPosition(group, wanted) }
    notes.push('Without the features of this map, only named anchors can be used. The anchor is the center.')
  }
  const anchor = group.anchors.find(({ name }) => name === wanted) ?? centerOf(group)
  const { row, col } = anchor
  return { anchor: group.anchors.indexOf(anchor), position: { row, col } }
}

/** Whether two maps show the same images of an object or photograph. */
export function isOfSameObject(one: Fitted, other: Fitted): boolean {
  const imagesOf = ({ choice, group }: Fitted) => JSON.stringify([choice.patch, group.size, group.background])
  return imagesOf(one) === imagesOf(other)
}

export function hasMean({ units }: SiteGroup, { isLive }: SiteIndex): boolean {
  return isLive !== true && units.length > 1
}

/** Number of files that store a layer's features for an object; 0 if the features were not stored. */
export function featureParts(group: SiteGroup, layer: number, unit: number | null): number {
  return unit === null ? 0 : (group.units[unit]?.features?.[layer] ?? 0)
}

export function nearestPosition(group: SiteGroup, position: Position): Position {
  return positionAt(indexOf(position, group), group)
}

/** Whether the features are stored, so that any position can be the anchor. */
export function hasFeatures({ group, layer, unit }: Fitted): boolean {
  return featureParts(group, layer, unit) > 0
}

export function baselineOf({ group, layer }: Fitted): number | null {
  return group.layers[layer]?.baseline ?? null
}
