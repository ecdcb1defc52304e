/** A seeded source of chance: the same seed and case give the same file. */
export interface Random {
  /** An integer from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(from: readonly T[]) => T
  readonly bytes: (length: number) => Buffer
}

/** SplitMix32 over the seed and the number of the case. */
export function randomOf(seed: number, caseNumber: number): Random {
  let state = (Math.imul(seed, 0x85ebca6b) ^ Math.imul(caseNumber + 1, 0xc2b2ae35)) >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let x = state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return (x ^ (x >>> 15)) >>> 0
  }
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: <T>(from: readonly T[]) => from[below(from.length)] as T,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}

/** A length from 1 to `limit` whose order of magnitude is drawn first. */
export function someLength(random: Random, limit: number): number {
  return 1 + random.below(Math.max(1, Math.min(limit, 2 ** random.below(14))))
}
