import type { MapRows } from '../../live/live.js'
import { namedAnswer, type Sighting, sightingReader } from '../answers.js'
import { type MapParts, measured } from '../maps.js'

/**
 * `#sources` looks for a known position up to this many grid steps away. This is enough, because even the positions
 * that the server sends first are closer together than that.
 */
const COARSEST = 64

/** A map whose values arrive in several messages. Widely spaced positions arrive first. */
export class LiveMap {
  readonly #cols: number
  readonly #known: Uint8Array
  /** Number of positions that have not arrived. */
  #left: number
  readonly #cosines: Float32Array
  readonly #strongest: Uint32Array
  readonly #probability: Float32Array
  readonly #ofCenter: Float32Array
  readonly #sightings: Sighting[] = []
  readonly #names = new Map<number, string>()
  /** Answers of the last message that had any. */
  #last: MapRows['answers']

  constructor(rows: number, cols: number) {
    const count = rows * cols
    this.#cols = cols
    this.#known = new Uint8Array(count)
    this.#left = count
    this.#cosines = new Float32Array(count)
    this.#strongest = new Uint32Array(count)
    this.#probability = new Float32Array(count)
    this.#ofCenter = new Float32Array(count)
  }

  isKnown(place: number): boolean {
    return this.#known[place] === 1
  }

  take({ places, cosines, answers }: MapRows): void {
    for (const place of places) {
      this.#left -= 1 - this.#known[place]!
      this.#known[place] = 1
    }
    scatter(places, cosines, this.#cosines)
    if (answers === undefined) return
    this.#last = answers
    for (const [index, name] of Object.entries(answers.names)) this.#names.set(Number(index), name)
    scatter(places, answers.strongest, this.#strongest)
    scatter(places, answers.probability, this.#probability)
    scatter(places, answers.ofCenter, this.#ofCenter)
    if (answers.sightings === undefined) return
    const sightingAt = sightingReader(answers.sightings, places.length)
    for (const [i, place] of places.entries()) this.#sightings[place] = sightingAt(i)
  }

  /** The map so far; undefined if nothing has arrived. A position that has not arrived has the value of one near it. */
  parts(): Omit<MapParts, 'fitted' | 'error'> | undefined {
    if (this.#left === this.#known.length) return undefined
    const sources = this.#sources()
    const mask = this.#left === 0 ? undefined : this.#known.slice()
    return {
      cosines: measured(filled(this.#cosines, sources), mask),
      answers: this.#last && this.#answers(this.#last, sources),
      atAnchor: this.#last && this.#atAnchor(this.#last),
      ...(mask && { known: mask }),
    }
  }

  /** For each position, the position whose values the map shows there: itself if it is known, or else one near it. */
  #sources(): Uint32Array {
    const known = this.#known
    const first = known.indexOf(1)
    return Uint32Array.from(known, (isKnown, place) => {
      if (isKnown === 1) return place
      const [row, col] = [Math.floor(place / this.#cols), place % this.#cols]
      for (let step = 2; step <= COARSEST; step *= 2) {
        const nearer = (row - (row % step)) * this.#cols + (col - (col % step))
        if (known[nearer] === 1) return nearer
      }
      return first
    })
  }

  #answers({ center, right }: NonNullable<MapRows['answers']>, sources: Uint32Array): MapParts['answers'] {
    // The network's class indices become indices into a short list: only the classes in this map. The first one is the
    // class predicted at the center.
    const strongest = this.#strongest
    const numberOf = new Map([[center, 0]])
    const numbers = sources.map((source) => {
      const index = strongest[source]!
      const number = numberOf.get(index) ?? numberOf.size
      numberOf.set(index, number)
      return number
    })
    const listed = [...numberOf.keys()]
    return {
      ofCenter: filled(this.#ofCenter, sources),
      strongest: {
        names: listed.map((index) => this.#nameOf(index)),
        numbers,
        right: right && listed.flatMap((index, number) => (right.includes(index) ? [number] : [])),
        probabilities: filled(this.#probability, sources),
      },
      ...(this.#sightings.length > 0 && { sightingAt: (position) => this.#sightings[sources[position]!]! }),
    }
  }

  #atAnchor({ atAnchor }: NonNullable<MapRows['answers']>): MapParts['atAnchor'] {
    const name = this.#nameOf(atAnchor.class)
    const { probability, ofCenter, sighting } = atAnchor
    return { answer: namedAnswer(name, probability), name, ofCenter, sighting }
  }

  #nameOf(index: number): string {
    return this.#names.get(index) ?? String(index)
  }
}

function scatter(places: Uint32Array, from: ArrayLike<number>, to: Float32Array | Uint32Array): void {
  for (const [i, place] of places.entries()) to[place] = from[i]!
}

function filled(values: Float32Array, sources: Uint32Array): Float64Array {
  return Float64Array.from(sources, (source) => values[source]!)
}
