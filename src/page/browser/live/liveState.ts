import { anchorPositions, positionRange } from '../../../engine/scene/positions.js'
import { sizeFor, strideFor } from '../../../patches/sizes.js'
import { PAPER_LIMITS } from '../../../plot/colormap.js'
import {
  fittingStride,
  LIVE_STRIDES,
  type LiveNetwork,
  type LiveObject,
  type LiveStudy,
  type LiveUnitRequest,
  type MapRequest,
} from '../../live/live.js'
import { kindOf } from '../../site/groups.js'
import type { SiteGroup, SiteIndex } from '../../site/siteIndex.js'
import type { Fitted } from '../fit.js'

export interface LiveState extends Pick<LiveStudy, 'networks' | 'missing' | 'objects'> {
  /** Colour as `#rrggbb`, such as `#ffffff`. */
  readonly background: string
  /**
   * Distance between the positions of a complete map, in pixels; undefined if the user has chosen none. If memory does
   * not suffice, the distance is larger.
   */
  readonly finest: number | undefined
}

/** Keeps the state, and calls functions whenever it changes or a map makes progress. */
export type LiveStore = ReturnType<typeof liveStore>

export function liveStore({ networks, missing, objects }: LiveStudy) {
  let state: LiveState = { networks, missing, objects, background: '#ffffff', finest: undefined }
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  return {
    state: () => state,
    set: (change: Partial<LiveState>): void => {
      state = { ...state, ...change }
      tell()
    },
    /** @returns a function that ends the calls */
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    tell,
  }
}

export function objectOf({ objects }: LiveState, { choice }: Fitted): LiveObject | undefined {
  return objects.find(({ name }) => name === choice.patch)
}

export function unitRequest(state: LiveState, fitted: Fitted): LiveUnitRequest {
  const { group } = fitted
  return {
    network: group.model,
    object: objectOf(state, fitted)?.key ?? 0,
    size: group.size,
    stride: group.stride,
    // In stored results, this background is called `white`, not `#ffffff`. A photograph hides it.
    background: state.background === '#ffffff' || kindOf(group) === 'photograph' ? 'white' : state.background,
  }
}

export function mapRequest(state: LiveState, fitted: Fitted): Omit<MapRequest, 'cursor'> {
  return {
    ...unitRequest(state, fitted),
    category: objectOf(state, fitted)?.category ?? '',
    layer: fitted.choice.layer,
    anchor: fitted.anchorPosition,
  }
}

/** Default distance between positions of an object in pixels; see `strideFor`. With 1, a map takes 16 times as long. */
const FINEST = 4

/** A window moves only a little over a photograph, so by default it is at each position. */
export function wishedStride(
  { finest }: Pick<LiveState, 'finest'>,
  { size, frame }: Pick<SiteGroup, 'size' | 'frame'>,
): number {
  return finest ?? (kindOf({ size, frame }) === 'photograph' ? 1 : strideFor(frame, FINEST))
}

/** @param wished side of objects in pixels */
export function liveIndex(state: LiveState, mostBytes: number, wished: number): SiteIndex {
  const groupOf = (network: LiveNetwork, size: number, units: readonly LiveObject[]): SiteGroup => {
    const range = positionRange(network.frame, size)
    // If no stride fits in memory, any stride will do here, because the server then answers with an error.
    const least = wishedStride(state, { size, frame: network.frame })
    const stride = fittingStride(network, size, { wished: least, mostBytes }) ?? (LIVE_STRIDES.at(-1) as number)
    const side = Math.ceil(range.count / stride)
    return {
      key: 0,
      model: network.id,
      size,
      rows: side,
      cols: side,
      stride,
      first: range.first,
      frame: network.frame,
      background: { colour: state.background },
      anchors: anchorPositions(range),
      layers: network.layers.map(({ name }) => ({ name, baseline: null })),
      classes: network.classes,
      ...(network.knows && { knows: network.knows }),
      ...(network.head && { head: network.head }),
      units: units.map(({ key, name }) => ({
        patch: name,
        picture: `${key}-${size}`,
        features: network.layers.map(() => 1),
      })),
    }
  }
  const photographs = state.objects.filter(({ isPhotograph }) => isPhotograph)
  const objects = state.objects.filter(({ isPhotograph }) => !isPhotograph)
  const groups = state.networks.flatMap((network) => [
    groupOf(network, sizeFor(network.frame, wished), objects),
    ...(photographs.length > 0 ? [groupOf(network, network.photograph, photographs)] : []),
  ])
  return { digest: '', groups, limits: PAPER_LIMITS, isLive: true, wished }
}
