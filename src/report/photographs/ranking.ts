import type { ProtocolName } from '../../experiments/answers/protocols.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric } from '../../results/answers/summary.js'
import { constantText } from '../../results/answers/variety.js'
import { FEWEST_PAIRS, type Judged, judged, type PairedDifference } from '../../results/paired.js'
import { distinct } from '../../support/lists.js'
import { counted, joinedWords } from '../../support/text.js'
import { quotation, quotedMetric } from '../text/quotation.js'
import { bestFirst, leadingMetric, networkDifference, sharedMetric, unlikeIn } from './differences.js'

/** Networks in the order of one measure, and what the data say of each pair. */
export interface Ranking {
  readonly measure: ConsistencyMetric
  /** All networks: set after set, the best of each set first. Those that are in no set come last. */
  readonly networks: readonly AnsweredNetwork[]
  /**
   * Sets of networks that can be ranked together, the largest first, and the best network of each first. A network
   * without a value, such as a constant one, is in none.
   */
  readonly sets: readonly (readonly AnsweredNetwork[])[]
  /** All pairs of networks of one set. Their p values are adjusted together. */
  readonly pairs: readonly RankedPair[]
}

/** A pair of networks. The first one has the better mean. */
export interface RankedPair {
  readonly networks: readonly [better: AnsweredNetwork, other: AnsweredNetwork]
  /** Mean of the first one's values minus the other's, on the photographs that both measured. */
  readonly difference: PairedDifference
  readonly judged: Judged
}

/** Ranks networks that can be ranked together, and judges all pairs as one family. */
export function rankingOf(networks: readonly AnsweredNetwork[], measure: ConsistencyMetric): Ranking {
  const sorted = bestFirst(networks, measure)
  const sets: AnsweredNetwork[][] = []
  for (const network of sorted) {
    if (!hasValue(network, measure)) continue
    const own = sets.find((set) => set.every((other) => unlikeIn(network, other, measure.protocol).length === 0))
    if (own === undefined) sets.push([network])
    else own.push(network)
  }
  sets.sort((a, b) => b.length - a.length)
  const ranked = sets.flat()
  const all = sets.flatMap((set) =>
    set.flatMap((better, i) =>
      set.slice(i + 1).flatMap((other) => {
        const difference = networkDifference(better, other, measure)
        return difference === undefined ? [] : [{ networks: [better, other] as const, difference }]
      }),
    ),
  )
  const verdicts = judged(all.map(({ difference }) => difference))
  return {
    measure,
    networks: [...ranked, ...sorted.filter((network) => !ranked.includes(network))],
    sets,
    pairs: all.map((pair, i) => ({ ...pair, judged: verdicts[i]! })),
  }
}

function hasValue(network: AnsweredNetwork, measure: ConsistencyMetric): boolean {
  return (
    (sharedMetric(network, measure)?.mean ?? null) !== null && constantText(network, measure.protocol) === undefined
  )
}

/** The first and the last rank that a network can have by the data, from 1. Undefined if it has no verdict. */
export function ranksOf(
  ranking: Ranking,
  network: AnsweredNetwork,
): readonly [first: number, last: number] | undefined {
  const own = ranking.pairs.filter(({ networks, judged }) => networks.includes(network) && judged.verdict !== 'few')
  if (own.length === 0) return undefined
  const outcomes = own.flatMap((pair) => betterOf(pair, ranking.measure) ?? [])
  const before = outcomes.filter((one) => one !== network).length
  const set = ranking.sets.find((one) => one.includes(network)) ?? []
  return [1 + before, set.length - (outcomes.length - before)]
}

/** The network of a pair that the data show to be better; undefined if they do not tell. */
export function betterOf({ networks, judged: { verdict } }: RankedPair, measure: ConsistencyMetric) {
  if (verdict !== 'higher' && verdict !== 'lower') return undefined
  return networks[verdict === measure.better ? 0 : 1]
}

/** A network that is better than every other one. There is none if some networks cannot be ranked with the others. */
export function clearlyBest(ranking: Ranking): AnsweredNetwork | undefined {
  const [set, ...others] = ranking.sets
  if (set === undefined || others.length > 0) return undefined
  return set.find((network) => ranksOf(ranking, network)?.[1] === 1)
}

/** Ranks as `1`, or `1–2` if the data do not tell the exact one; empty without a verdict. */
export function rankText(ranks: readonly [first: number, last: number] | undefined): string {
  return distinct([...(ranks ?? [])]).join('–')
}

/** A ranking as plain data. */
export interface RankingSummary {
  /** What decides the ranks. */
  readonly protocol: ProtocolName
  readonly measure: string
  /** A title that names the best network, or those that may be the best one. */
  readonly title: string
  /** Which networks the data tell apart, and which networks are not ranked together and why. */
  readonly sentences: readonly string[]
  /** A sentence to quote about the first two networks; null if nothing can be said of them. */
  readonly quote: string | null
  /** The first and the last rank of each network that has one, among networks of the same classes, frame and shifts. */
  readonly ranks: readonly { readonly model: string; readonly first: number; readonly last: number }[]
}

/** @returns undefined for fewer than two networks */
export function rankingSummary(networks: readonly AnsweredNetwork[]): RankingSummary | undefined {
  if (networks.length < 2) return undefined
  const ranking = rankingOf(networks, leadingMetric(networks))
  const { protocol, measure } = ranking.measure
  return {
    ...{ protocol, measure, title: rankingTitle(ranking), sentences: rankingSentences(ranking) },
    quote: rankingQuote(ranking) ?? null,
    ranks: ranking.networks.flatMap((network) => {
      const [first, last] = ranksOf(ranking, network) ?? []
      return first === undefined || last === undefined ? [] : [{ model: network.model, first, last }]
    }),
  }
}

/** A title that names the best network, or those that may be the best one. */
export function rankingTitle(ranking: Ranking): string {
  const [set = [], ...others] = ranking.sets
  const firsts = set.filter((network) => ranksOf(ranking, network)?.[0] === 1)
  if (others.length > 0)
    return `${ranking.networks.length} networks side by side, ${set.length > 1 ? 'not all ranked' : 'not ranked'} together`
  const all = counted(set.length, 'network')
  if (set.length < 2) return `Shift consistency of ${counted(ranking.networks.length, 'network')}`
  if (firsts.length === 0) return `Too few photographs to rank ${all}`
  const best = clearlyBest(ranking)
  if (best !== undefined) return `${best.model} is the most consistent of ${all}`
  if (firsts.length === set.length) return `No clear difference in consistency between ${all}`
  if (firsts.length > MOST_NAMED) return `${firsts.length} of ${all} may be the most consistent`
  const names = firsts.map(({ model }) => model)
  return `${joinedWords(names, 'or')} is the most consistent of ${all}`
}

/** A title names at most this many networks. */
const MOST_NAMED = 2

/** Says which networks the data tell apart, and which networks are not ranked together and why. */
export function rankingSentences(ranking: Ranking): readonly string[] {
  return [...ranking.sets.flatMap((set) => setSentences(ranking, set)), ...unlikeSentences(ranking)]
}

function setSentences(ranking: Ranking, set: readonly AnsweredNetwork[]): readonly string[] {
  if (set.length < 2) return []
  const ranks = distinct(set.map((network) => rankText(ranksOf(ranking, network))))
  const of = (rank: string) =>
    joinedWords(set.flatMap((one) => (rankText(ranksOf(ranking, one)) === rank ? one.model : [])))
  if (ranks.every((rank) => rank === ''))
    return [
      `${of('')} are not ranked, because a rank needs at least ${FEWEST_PAIRS} photographs that both networks measured.`,
    ]
  const rule = `p < 0.05${ranking.pairs.length === 1 ? '' : ` after Holm’s correction for ${ranking.pairs.length} pairs`}`
  if (ranks.length === 1) return [`The data do not tell ${of(ranks[0]!)} apart: no difference has ${rule}.`]
  const texts = ranks.map((rank) => (rank === '' ? `Not ranked: ${of(rank)}.` : `Rank ${rank}: ${of(rank)}.`))
  const isOpen = ranks.some((rank) => rank.includes('–'))
  const meaning = isOpen ? ' The data do not tell apart networks whose ranks overlap.' : ''
  return [`${texts.join(' ')}${meaning} A difference counts if it has ${rule}.`]
}

/** Says which networks are not ranked together, and in what they differ. */
function unlikeSentences({ sets, measure }: Ranking): readonly string[] {
  if (sets.length < 2) return []
  const firsts = sets.map(([first]) => first!)
  const unlike = firsts.flatMap((one, i) =>
    firsts.slice(i + 1).flatMap((other) => unlikeIn(one, other, measure.protocol)),
  )
  const each = sets.map((set) => `${joinedWords(set.map(({ model }) => model))} (${describedSet(set[0]!)})`)
  return [`Networks with different ${joinedWords(distinct(unlike), 'or')} are not ranked together: ${each.join('; ')}.`]
}

function describedSet({ frame, facts }: AnsweredNetwork): string {
  const classes = facts === undefined ? [] : [`${facts.classes.toLocaleString('en')} classes`]
  return [`${frame}×${frame} px`, ...classes].join(', ')
}

/** A sentence to quote about the first two networks of the largest set; undefined if nothing can be said of them. */
export function rankingQuote({ sets: [set = []], pairs, measure }: Ranking): string | undefined {
  const [best, next] = set
  const pair = pairs.find(({ networks: [one, other] }) => one === best && other === next)
  return (
    pair &&
    quotation({
      ...quotedMetric(measure),
      noun: 'photograph',
      networks: [pair.networks[0].model, pair.networks[1].model],
      difference: pair.difference,
      judged: pair.judged,
    })
  )
}
