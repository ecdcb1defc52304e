import type { MapMessage, MapRequest } from '../../live/live.js'
import type { SiteGroup } from '../../site/siteIndex.js'
import type { Quantity } from '../../site/view.js'
import { classWords, isolated, positionsText } from '../../text/text.js'
import type { Fitted } from '../fit.js'
import { type LoadedMap, mapOf, quantityNote } from '../maps.js'
import type { MapFollower } from '../source.js'
import { LiveMap } from './liveMap.js'
import { type LiveStore, mapRequest, wishedStride } from './liveState.js'
import { type Pace, paceOf, progressText, tenthsSince } from './pace.js'
import { ask, messagesOf } from './server.js'

/**
 * For this many milliseconds, the server continues to compute a map that is no longer shown. The next view often shows
 * the same map again.
 */
const LINGERING = 100

/** Time between two updates of the displayed times, in milliseconds. */
const BETWEEN_TENTHS = 100

/** The maps that the server computes now or has computed for this page. */
export class RunningMaps {
  /** Keys are the requests, without the cursor. */
  readonly #maps = new Map<string, RunningMap>()
  readonly #store: LiveStore

  constructor(store: LiveStore) {
    this.#store = store
  }

  find(fitted: Fitted): RunningMap | undefined {
    return this.#maps.get(this.#keyOf(fitted))
  }

  /** Begins the map unless it runs already, and passes it on until it is complete or the follower ends. */
  async follow(fitted: Fitted, shows: Quantity, { onMap, say, signal, cursor }: MapFollower): Promise<void> {
    const state = this.#store.state()
    const key = this.#keyOf(fitted)
    const request = mapRequest(state, fitted)
    const one = this.#maps.get(key) ?? this.#begin(key, { ...request, cursor }, fitted.group)
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
        lacking = joined([quantityNote(map, shows), lossText(map, request.category)], ' ')
        onMap(map)
      }
      say(joined([one.stage(), joined([about, one.note, coarser, lacking], ' ')], '. '))
    }
    one.looking.add(look)
    signal.addEventListener('abort', () => {
      one.looking.delete(look)
      setTimeout(() => this.#stopUnseen(key, one), LINGERING)
    })
    look(true)
    // The controls show what the viewer shows now.
    this.#store.tell()
    await one.ended
  }

  #keyOf(fitted: Fitted): string {
    return JSON.stringify(mapRequest(this.#store.state(), fitted))
  }

  #begin(key: string, request: MapRequest, group: SiteGroup): RunningMap {
    const one = new RunningMap(request, group, this.#store.tell)
    this.#maps.set(key, one)
    one.ended.catch(() => {
      this.#forget(key, one)
      this.#store.tell()
    })
    return one
  }

  #stopUnseen(key: string, one: RunningMap): void {
    if (one.looking.size > 0) return
    this.#forget(key, one)
    one.stop()
  }

  /** Removes a map, unless another one has begun under the same key. */
  #forget(key: string, one: RunningMap): void {
    if (this.#maps.get(key) === one) this.#maps.delete(key)
  }
}

/** Requests a map from the server and reads the messages that the server sends back. */
class RunningMap {
  readonly map: LiveMap
  readonly pace: Pace
  /** Functions to call: with true after each message from the server, with false to update only the displayed time. */
  readonly looking = new Set<(isFurther: boolean) => void>()
  readonly ended: Promise<void>
  note = ''
  /**
   * Time at which the network began to open, in milliseconds of `performance.now`; undefined unless it is opening now.
   */
  #opening: number | undefined
  readonly #request: MapRequest
  readonly #onNews: () => void
  readonly #end = new AbortController()

  /** @param onNews called after each message, and every BETWEEN_TENTHS milliseconds */
  constructor(request: MapRequest, { rows, cols }: SiteGroup, onNews: () => void) {
    this.map = new LiveMap(rows, cols)
    this.pace = paceOf(rows * cols)
    this.#request = request
    this.#onNews = onNews
    this.ended = this.#read()
  }

  stop(): void {
    this.#end.abort()
  }

  /** What the server does now; empty if the map is complete. */
  stage(): string {
    if (this.#opening === undefined) return progressText(this.pace.progress(performance.now()))
    return `opening ${isolated(this.#request.network)}, ${tenthsSince(this.#opening)}`
  }

  async #read(): Promise<void> {
    const counting = setInterval(() => this.#tell(false), BETWEEN_TENTHS)
    try {
      const response = await ask('map', this.#request, this.#end.signal)
      for await (const message of messagesOf<MapMessage>(response, this.#end.signal)) this.#take(message)
    } finally {
      clearInterval(counting)
    }
  }

  #take(message: MapMessage): void {
    if (message.kind === 'fault') throw new Error(message.message)
    if (message.kind === 'opening') this.#opening = performance.now() - message.seconds * 1000
    if (message.kind === 'opened') this.#opening = undefined
    if (message.kind === 'note') this.note = message.message
    if (message.kind === 'rows') {
      this.map.take(message)
      this.pace.take(message.done, performance.now())
    }
    this.#tell(true)
  }

  #tell(isFurther: boolean): void {
    for (const look of [...this.looking]) look(isFurther)
    this.#onNews()
  }
}

function joined(texts: readonly string[], separator: string): string {
  return texts.filter((text) => text !== '').join(separator)
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
