/** A seeded source of random numbers. The same seed, name and round give the same numbers. */
export interface Random {
  /** An integer from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(from: readonly T[]) => T
  readonly bytes: (length: number) => Buffer
}

/** SplitMix32, seeded with a seed, the name of the repeated test and the number of the round. */
export function randomOf(seed: number, name: string, round: number): Random {
  let state = (Math.imul(seed, 0x85ebca6b) ^ Math.imul(round + 1, 0xc2b2ae35) ^ hashOf(name)) >>> 0
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
  }
}

/** FNV-1a hash of a text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
