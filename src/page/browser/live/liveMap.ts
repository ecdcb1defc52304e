import type { MapRows } from '../../live/live.js'
import { namedAnswer, type Sighting, sightingReader } from '../answers.js'
import { type MapParts, measured } from '../maps.js'

export type LiveMap = ReturnType<typeof liveMap>

/**
 * `sourceOf` looks for a known position up to this many grid steps away. This is enough, because even the positions
 * that the server sends first are closer together than that.
 */
const COARSEST = 64

/** A map whose values arrive in several messages. Widely spaced positions arrive first. */
export function liveMap(rows: number, cols: number) {
  const count = rows * cols
  const known = new Uint8Array(count)
  const cosines = new Float32Array(count)
  const strongest = new Uint32Array(count)
  const probability = new Float32Array(count)
  const ofCenter = new Float32Array(count)
  const names = new Map<number, string>()
  let center: number | undefined
  let right: readonly number[] | undefined
  let atAnchor: NonNullable<MapRows['answers']>['atAnchor'] | undefined
  const sightings: Sighting[] = []
  let left = count

  const nameOf = (index: number) => names.get(index) ?? String(index)
  /**
   * Finds a known position near an unknown one. The map then shows the same value at both.
   * @param first index of a known position, to be used if none is near
   */
  const sourceOf = (place: number, first: number): number => {
    const [row, col] = [Math.floor(place / cols), place % cols]
    for (let step = 2; step <= COARSEST; step *= 2) {
      const nearer = (row - (row % step)) * cols + (col - (col % step))
      if (known[nearer] === 1) return nearer
    }
    return first
  }
  /**
   * Replaces the network's class indices with indices into a short list: only the classes in this map. The first one is
   * the class predicted at the center.
   */
  const numberedClasses = (sources: Uint32Array, first: number) => {
    const numberOf = new Map([[first, 0]])
    const numbers = sources.map((source) => {
      const index = strongest[source]!
      const number = numberOf.get(index) ?? numberOf.size
      numberOf.set(index, number)
      return number
    })
    const listed = [...numberOf.keys()]
    return {
      names: listed.map(nameOf),
      numbers,
      right: right && listed.flatMap((index, number) => (right?.includes(index) ? [number] : [])),
    }
  }
  return {
    take: ({ places, cosines: values, answers }: MapRows): void => {
      const scatter = <T extends Float32Array | Uint32Array>(target: T, from: T) => {
        for (const [i, place] of places.entries()) target[place] = from[i]!
      }
      for (const place of places) {
        left -= 1 - known[place]!
        known[place] = 1
      }
      scatter(cosines, values)
      if (answers === undefined) return
      center = answers.center
      right = answers.right
      atAnchor = answers.atAnchor
      for (const [index, name] of Object.entries(answers.names)) names.set(Number(index), name)
      scatter(strongest, answers.strongest)
      scatter(probability, answers.probability)
      scatter(ofCenter, answers.ofCenter)
      if (answers.sightings === undefined) return
      const sightingAt = sightingReader(answers.sightings, places.length)
      for (const [i, place] of places.entries()) sightings[place] = sightingAt(i)
    },
    /** The map so far; undefined if nothing has arrived. A position that has not arrived has the value of one near it. */
    parts: (): Omit<MapParts, 'fitted' | 'error'> | undefined => {
      if (left === count) return undefined
      const first = known.indexOf(1)
      const sources = Uint32Array.from(known, (isKnown, place) => (isKnown === 1 ? place : sourceOf(place, first)))
      const filled = (from: Float32Array) => Float64Array.from(sources, (source) => from[source]!)
      const mask = left === 0 ? undefined : known.slice()
      return {
        cosines: measured(filled(cosines), mask),
        answers:
          center === undefined
            ? undefined
            : {
                ofCenter: filled(ofCenter),
                strongest: { ...numberedClasses(sources, center), probabilities: filled(probability) },
                ...(sightings.length > 0 && {
                  sightingAt: (position) => sightings[sources[position]!]!,
                }),
              },
        atAnchor: atAnchor && {
          answer: namedAnswer(nameOf(atAnchor.class), atAnchor.probability),
          name: nameOf(atAnchor.class),
          ofCenter: atAnchor.ofCenter,
          sighting: atAnchor.sighting,
        },
        ...(mask && { known: mask }),
      }
    },
    isKnown: (place: number): boolean => known[place] === 1,
  }
}
