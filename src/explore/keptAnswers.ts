import { ANSWER_MAPS } from '../experiments/answers.js'

/** How exactly an answer is known. Features that are not final may still change in their last bits. */
const [UNKNOWN, EARLY, FINAL] = [0, 1, 2] as const

/**
 * The network's answers at the rows of a unit, in the order of `LiveUnit.rows`. All maps of the unit share them. Each
 * answer is computed once, and again only if the features of its row become final or the class at the center changes.
 */
export class KeptAnswers {
  /** The maps of `AnswerMaps`, with a value for each row. */
  readonly maps: readonly Float32Array[]
  readonly #states: Uint8Array
  #center: number | undefined

  constructor(rows: number) {
    this.maps = Array.from({ length: ANSWER_MAPS }, () => new Float32Array(rows))
    this.#states = new Uint8Array(rows)
  }

  /**
   * Computes missing answers at some rows.
   * @param first index of the first of these rows
   * @param isFinal for each of these rows, whether its features are final
   * @param center class predicted with the object at the center
   * @param compute computes the maps, [ANSWER_MAPS, count], at `count` rows from `begin` on
   */
  async update(
    first: number,
    isFinal: readonly boolean[],
    center: number,
    compute: (begin: number, count: number) => Promise<Float32Array>,
  ): Promise<void> {
    if (center !== this.#center) this.#states.fill(UNKNOWN)
    this.#center = center
    const wanted = isFinal.map((is) => (is ? FINAL : EARLY))
    const isMissing = (at: number) => (this.#states[first + at] as number) < (wanted[at] ?? UNKNOWN)
    for (let at = 0; at < wanted.length; at++) {
      let end = at
      while (isMissing(end)) end++
      const count = end - at
      if (count === 0) continue
      const maps = await compute(first + at, count)
      for (const [i, map] of this.maps.entries()) map.set(maps.subarray(i * count, (i + 1) * count), first + at)
      this.#states.set(wanted.slice(at, end), first + at)
      at = end
    }
  }
}
