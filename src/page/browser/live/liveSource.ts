import { anchorPositions, type Position, positionRange } from '../../../engine/scene/positions.js'
import { indexOf as positionIndex } from '../../../experiments/maps/grid.js'
import { sizeFor, strideFor } from '../../../patches/sizes.js'
import { PAPER_LIMITS } from '../../../plot/colormap.js'
import {
  fittingStride,
  LIVE_STRIDES,
  type LiveNetwork,
  type LiveObject,
  type LiveStudy,
  type LiveUnitRequest,
  type MapMessage,
  type MapRequest,
} from '../../live/live.js'
import { kindOf } from '../../site/groups.js'
import type { SiteGroup, SiteIndex } from '../../site/siteIndex.js'
import type { Quantity } from '../../site/view.js'
import { classWords, isolated, positionsText } from '../../text/text.js'
import type { Fitted } from '../fit.js'
import { type LoadedMap, mapOf, quantityNote } from '../maps.js'
import type { MapFollower, MapSource } from '../source.js'
import { type LiveMap, liveMap } from './liveMap.js'
import { type MapProgress, type Pace, paceOf, progressText, tenthsSince } from './pace.js'
import { ask, messagesOf } from './server.js'

export interface LiveState extends Pick<LiveStudy, 'networks' | 'missing' | 'objects'> {
  /** Colour as `#rrggbb`, such as `#ffffff`. */
  readonly background: string
  /**
   * Distance between the positions of a complete map, in pixels; undefined if the user has chosen none. If memory does
   * not suffice, the distance is larger.
   */
  readonly finest: number | undefined
}

export interface LiveSource extends MapSource {
  readonly state: () => LiveState
  readonly set: (change: Partial<LiveState>) => void
  /** Calls a function whenever the state changes or a map makes progress. */
  readonly onChange: (told: () => void) => () => void
  /** Progress of a map; undefined if its computation has not begun. */
  readonly progress: (fitted: Fitted) => MapProgress | undefined
  readonly sceneOf: (fitted: Fitted) => LiveUnitRequest
  readonly objectOf: (fitted: Fitted) => LiveObject | undefined
}

/** Side of the object in pixels, for links that give none. It is the smaller of the paper's two sizes. */
const FIRST_SIZE = 75

/**
 * For this many milliseconds, the server continues to compute a map that is no longer shown. The next view often shows
 * the same map again.
 */
const LINGERING = 100

/** Shortest time between two messages to the server about the cursor, in milliseconds. */
const BETWEEN_CURSORS = 120

/** Time between two updates of the displayed times, in milliseconds. */
const BETWEEN_TENTHS = 100

/** Default distance between positions of an object in pixels; see `strideFor`. With 1, a map takes 16 times as long. */
const FINEST = 4

/** A window moves only a little over a photograph, so by default it is at each position. */
function wishedStride(
  { finest }: Pick<LiveState, 'finest'>,
  { size, frame }: Pick<SiteGroup, 'size' | 'frame'>,
): number {
  return finest ?? (kindOf({ size, frame }) === 'photograph' ? 1 : strideFor(frame, FINEST))
}

interface Running {
  readonly map: LiveMap
  readonly pace: Pace
  /** Functions to call: with true after each message from the server, with false to update only the displayed time. */
  readonly looking: Set<(isFurther: boolean) => void>
  readonly ended: Promise<void>
  /**
   * Time at which the network began to open, in milliseconds of `performance.now`; undefined unless it is opening now.
   */
  opening: number | undefined
  note: string
  readonly stop: AbortController
}

export function liveSource(study: LiveStudy): LiveSource {
  const { networks, missing, objects, mostBytes } = study
  let state: LiveState = { networks, missing, objects, background: '#ffffff', finest: undefined }
  const running = new Map<string, Running>()
  const told = new Set<() => void>()
  const tellAll = () => {
    for (const tell of [...told]) tell()
  }
  const objectOf = ({ choice }: Pick<Fitted, 'choice'>) => state.objects.find(({ name }) => name === choice.patch)
  const sceneOf = ({ group, choice }: Fitted): LiveUnitRequest => ({
    network: group.model,
    object: objectOf({ choice })?.key ?? 0,
    size: group.size,
    stride: group.stride,
    // In stored results, this background is called `white`, not `#ffffff`. A photograph hides it.
    background: state.background === '#ffffff' || kindOf(group) === 'photograph' ? 'white' : state.background,
  })
  const requestOf = (fitted: Fitted): Omit<MapRequest, 'cursor'> => ({
    ...sceneOf(fitted),
    category: objectOf(fitted)?.category ?? '',
    layer: fitted.choice.layer,
    anchor: fitted.anchorPosition,
  })
  /** Removes a map from `running`, unless another map has begun under the same key. */
  const forget = (key: string, one: Running) => {
    if (running.get(key) === one) running.delete(key)
  }
  const begin = (key: string, request: MapRequest, group: SiteGroup): Running => {
    const one = beginMap(request, group, tellAll)
    running.set(key, one)
    one.ended.catch(() => {
      forget(key, one)
      tellAll()
    })
    return one
  }
  const keyOf = (fitted: Fitted) => JSON.stringify(requestOf(fitted))
  const follow = async (fitted: Fitted, shows: Quantity, { onMap, say, signal, cursor }: MapFollower) => {
    const request = { ...requestOf(fitted), cursor }
    const key = keyOf(fitted)
    const one = running.get(key) ?? begin(key, request, fitted.group)
    const coarser =
      fitted.group.stride > wishedStride(state, fitted.group)
        ? `Positions are ${fitted.group.stride} px apart, because the features of more positions do not fit in memory.`
        : ''
    const about = state.networks.find(({ id }) => id === fitted.group.model)?.note ?? ''
    let lacking = ''
    const look = (isFurther: boolean) => {
      const parts = isFurther ? one.map.parts() : undefined
      if (parts !== undefined) {
        const map = mapOf({ fitted, error: 0, ...parts }, shows)
        lacking = [quantityNote(map, shows), lossText(map, request.category)].join(' ').trim()
        onMap(map)
      }
      const join = (notes: readonly string[], separator: string) => notes.filter((note) => note !== '').join(separator)
      say(join([stageText(one, fitted), join([about, one.note, coarser, lacking], ' ')], '. '))
    }
    one.looking.add(look)
    signal.addEventListener('abort', () => {
      one.looking.delete(look)
      setTimeout(() => {
        if (one.looking.size > 0) return
        forget(key, one)
        one.stop.abort()
      }, LINGERING)
    })
    look(true)
    // The controls show what the viewer shows now.
    tellAll()
    await one.ended
  }
  /** The latest cursor in each network, until it is sent to the server. */
  const cursors = new Map<string, { readonly fitted: Fitted; readonly cursor: Position }>()
  const sendCursors = () => {
    for (const { fitted, cursor } of cursors.values()) {
      const one = running.get(keyOf(fitted))
      if (one === undefined || one.map.isKnown(positionIndex(cursor, fitted.group))) continue
      ask('cursor', { ...sceneOf(fitted), cursor }).catch(() => undefined)
    }
    cursors.clear()
  }
  return {
    // A link may give any number as the size.
    index: (size = FIRST_SIZE) => indexOf(state, mostBytes, size >= 1 ? Math.floor(size) : FIRST_SIZE),
    pictureOf: (key) => Promise.resolve(`pictures/${key}.png`),
    state: () => state,
    set: (change) => {
      state = { ...state, ...change }
      tellAll()
    },
    onChange: (tell) => {
      told.add(tell)
      return () => told.delete(tell)
    },
    progress: (fitted) => running.get(keyOf(fitted))?.pace.progress(performance.now()),
    sceneOf,
    objectOf,
    follow,
    lookAt: (fitted, cursor) => {
      if (cursors.size === 0) setTimeout(sendCursors, BETWEEN_CURSORS)
      cursors.set(fitted.group.model, { fitted, cursor })
    },
  }
}

/**
 * Requests a map from the server and reads the messages that the server sends back.
 * @param onNews called after each message, and every BETWEEN_TENTHS milliseconds
 */
function beginMap(request: MapRequest, { rows, cols }: SiteGroup, onNews: () => void): Running {
  const stop = new AbortController()
  const looking: Running['looking'] = new Set()
  const tell = (isFurther: boolean) => {
    for (const look of [...looking]) look(isFurther)
    onNews()
  }
  const take = (message: MapMessage) => {
    if (message.kind === 'fault') throw new Error(message.message)
    if (message.kind === 'opening') one.opening = performance.now() - message.seconds * 1000
    if (message.kind === 'opened') one.opening = undefined
    if (message.kind === 'note') one.note = message.message
    if (message.kind === 'rows') {
      one.map.take(message)
      one.pace.take(message.done, performance.now())
    }
    tell(true)
  }
  const read = async () => {
    const counting = setInterval(() => tell(false), BETWEEN_TENTHS)
    try {
      const response = await ask('map', request, stop.signal)
      for await (const message of messagesOf<MapMessage>(response, stop.signal)) take(message)
    } finally {
      clearInterval(counting)
    }
  }
  const one: Running = {
    map: liveMap(rows, cols),
    pace: paceOf(rows * cols),
    looking,
    stop,
    opening: undefined,
    note: '',
    ended: Promise.resolve().then(read),
  }
  return one
}

function stageText({ opening, pace }: Running, { group }: Fitted): string {
  if (opening === undefined) return progressText(pace.progress(performance.now()))
  return `opening ${isolated(group.model)}, ${tenthsSince(opening)}`
}

/**
 * Says at how many positions the answer is right for the object, and which other answer is the most frequent.
 * @param category what the object is; empty if not known
 */
export function lossText(map: Pick<LoadedMap, 'answers' | 'known' | 'fitted'>, category: string): string {
  const { answers, known, fitted } = map
  if (category === '' || answers === undefined) return ''
  const { names, numbers, right } = answers.strongest
  if (right === undefined) return `${isolated(fitted.group.model)} has no class for ${isolated(category)}.`
  const counts = new Uint32Array(names.length)
  for (const [i, number] of numbers.entries()) counts[number] = counts[number]! + (known?.[i] ?? 1)
  const others = [...counts.keys()].filter((number) => !right.includes(number))
  const all = counts.reduce((sum, count) => sum + count, 0)
  const lost = others.reduce((sum, number) => sum + counts[number]!, 0)
  const [most = 0] = others.sort((a, b) => counts[b]! - counts[a]!)
  const where = `The answer is right at ${positionsText(all - lost, all)}`
  return lost === 0 ? `${where}.` : `${where}. It is lost most often to ${isolated(classWords(names[most] ?? ''))}.`
}

function indexOf(state: LiveState, mostBytes: number, wished: number): SiteIndex {
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
