import { readFileSync } from 'node:fs'

type Made = readonly [count: number, seed: number, steps: number]
type Ends = readonly [low: number, high: number]

type AmountsWithP = readonly (readonly [amount: number, p: number])[]

interface StatisticsGolden {
  readonly quantiles: readonly (readonly [p: number, degreesOfFreedom: number, t: number])[]
  readonly tails: readonly (readonly [t: number, degreesOfFreedom: number, p: number])[]
  readonly families: readonly { readonly ps: readonly number[]; readonly adjusted: readonly number[] }[]
  readonly byT: readonly {
    readonly made: Made
    readonly mean: number
    readonly standardError: number
    readonly interval: Ends
    readonly bounds: Ends
    readonly skewness: number
    readonly p: number
    readonly loss: AmountsWithP
    /** Of the values and their opposites, all with .03 added. */
    readonly symmetric: { readonly bounds: Ends; readonly equivalence: AmountsWithP; readonly loss: AmountsWithP }
  }[]
  readonly bySigns: readonly {
    readonly signs: readonly [positive: number, negative: number, count: number]
    readonly interval: Ends
    readonly bounds: Ends
    readonly p: number
  }[]
}

/** Numbers of SciPy and statsmodels, by make_statistics.py. */
export const statisticsGolden: StatisticsGolden = JSON.parse(
  readFileSync(new URL('../golden/statistics.json', import.meta.url), 'utf8'),
)

/** Values of make_statistics.py: between −½ and ½ in equal steps. */
export function madeDifferences([count, seed, steps]: Made): readonly number[] {
  let state = BigInt(seed)
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n
    return Number((state / 65_536n) % BigInt(steps + 1)) / steps - 0.5
  })
}
