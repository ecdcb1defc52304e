/** A seeded source of chance: the same seed, reader and case give the same file. */
export interface Random {
  /** An integer from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(from: readonly T[]) => T
  readonly bytes: (length: number) => Buffer
  /** From none to `most` of what `make` gives. */
  readonly several: <T>(most: number, make: (index: number) => T) => T[]
}

/** SplitMix32 over the seed, the reader's name and the number of the case. */
export function randomOf(seed: number, reader: string, caseNumber: number): Random {
  let state = (Math.imul(seed, 0x85ebca6b) ^ Math.imul(caseNumber + 1, 0xc2b2ae35) ^ hashOf(reader)) >>> 0
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
    bytes: (length) => {
      const bytes = Buffer.allocUnsafe(length)
      for (let i = 0; i < length; i++) bytes[i] = next()
      return bytes
    },
    several: (most, make) => Array.from({ length: below(most + 1) }, (_, i) => make(i)),
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

/** A length from 1 to `limit` whose order of magnitude is drawn first. */
export function someLength(random: Random, limit: number): number {
  return 1 + random.below(Math.max(1, Math.min(limit, 2 ** random.below(14))))
}
