import { comparedSizes, inWordsOf, subjectOf } from '../../patches/sizes.js'
import type { NetworkPair } from '../../results/pairs.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import { counted } from '../../support/text.js'
import { viewLink } from '../viewLink.js'
import { CLAIMS, type Claim, type NumberKind, type NumberRange } from './claims.js'
import { CLEAR_ERRORS, type Evidence, evidenceOf } from './evidence.js'
import { FEWEST_POSITIONS, hasFewPositions, type NetworkStudy } from './network.js'

/** Verdict on a claim; docs/findings.md has the rule. */
export type Verdict = 'supported' | 'not supported' | 'cannot be judged'

export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  supported: '✓',
  'not supported': '✗',
  'cannot be judged': '?',
}

export const VERDICT_RULE = `Each claim compares numbers with a threshold. A number is a mean over objects for one layer and size. It is for or against the claim if it is more than ${CLEAR_ERRORS} standard errors from the threshold, and comes from at least ${FEWEST_PATCHES} objects and ${FEWEST_POSITIONS} positions. All other numbers are open. A claim is supported (✓) if no number is against it and more numbers are for it than open. It is contradicted (✗) if no number is for it and more numbers are against it than open. In all other cases the claim is open (?).`

/** Finding: a claim about a network, with its verdict and evidence. */
export interface ClaimFinding {
  readonly model: string
  /** Id of the claim. */
  readonly claim: string
  readonly title: string
  readonly verdict: Verdict
  /** The measured numbers in one sentence. */
  readonly sentence: string
  /** Reason for the verdict: how many numbers are for and against the claim, or why it cannot be judged. */
  readonly reason: string
  /** URL fragment that opens the viewer at the evidence. */
  readonly link: string
  /** Number of measured objects, at the size with the most objects. */
  readonly objects: number
  /** Who makes the claim, and where. */
  readonly source: string
  /** What is measured, and which values support the claim. */
  readonly rule: string
  /** The numbers that decide the verdict, and others that are only shown. */
  readonly evidence: readonly Evidence[]
}

/**
 * Judges every claim for every network, or for the variant of every pair. Findings are sorted by claim, then by network
 * in the order of the groups.
 */
export function findingsOf(groups: readonly StudyGroup[], pairs: readonly NetworkPair[]): readonly ClaimFinding[] {
  return CLAIMS.flatMap((claim) =>
    findingsOn(
      claim,
      groups.filter((group) => subjectOf(group) === claim.subject),
      pairs.filter(({ kind }) => kind === claim.pairs),
    ),
  )
}

function findingsOn(
  claim: Claim,
  groups: readonly StudyGroup[],
  pairs: readonly NetworkPair[],
): readonly ClaimFinding[] {
  const of = (wanted: string) => groups.filter(({ model }) => model === wanted)
  const networks = [...new Set(groups.map(({ model }) => model))].flatMap((model): NetworkStudy[] => {
    const own = { model, groups: of(model) }
    if (claim.pairs === undefined) return [{ ...own, original: [] }]
    const pair = pairs.find(({ variant }) => variant === model)
    return pair === undefined ? [] : [{ ...own, pair, original: of(pair.plain) }]
  })
  return networks.filter((network) => claim.concerns?.(network) ?? true).map((network) => findingOf(claim, network))
}

function findingOf(claim: Claim, network: NetworkStudy): ClaimFinding {
  const evidence = claim.measure(network).map((one) => evidenceOf(one, claim.border))
  const judged = evidence.filter(({ lean }) => lean !== null)
  const obstacle =
    claim.obstacle?.(network) ??
    (judged.length === 0 ? 'the study has no numbers for this claim' : undefined) ??
    (network.groups.every(hasFewPositions) ? `fewer than ${FEWEST_POSITIONS} positions` : undefined)
  const { verdict, reason: about } =
    obstacle === undefined ? judge(judged) : ({ verdict: OPEN, reason: obstacle } as const)
  const { id, subject, title, source, rule } = claim
  const reason = inWordsOf(subject, about)
  const deciding = decidingOf(judged, verdict)
  const { model, groups, pair } = network
  const compared = pair?.kind === 'given' ? `${model}, compared with ${pair.plain}` : model
  const place = subject === 'objects' ? compared : `${compared}, on photographs`
  const sentence = `${place}: ${judged.length === 0 ? reason : rangeClause(claim, [{ model, judged }])}`
  const link = linkTo(claim, network, deciding)
  const objects = Math.max(...groups.map(({ units }) => units.length))
  return { model, claim: id, title, verdict, sentence, reason, link, objects, source, rule, evidence }
}

/** Makes the link to the evidence farthest from the threshold, among the evidence that decides the verdict. */
function linkTo({ border, seenIn }: Claim, network: NetworkStudy, deciding: readonly Evidence[]): string {
  const { model, groups } = network
  const [farthest] = deciding.toSorted((a, b) => Math.abs(b.mean - border.at) - Math.abs(a.mean - border.at))
  const { layer, size } = farthest ?? { layer: groups[0]?.layers.at(-1) ?? '', size: groups[0]?.size ?? 0 }
  const usual = { network: model, with: null, layer, size, patch: null, anchor: 'center', map: 'similarity' } as const
  return viewLink({ ...usual, limits: 'fit', ...seenIn?.(network, { layer, size }) })
}

const OPEN = 'cannot be judged'

/** Judges a claim by the rule in VERDICT_RULE. */
export function judge(judged: readonly Evidence[]): Pick<ClaimFinding, 'verdict' | 'reason'> {
  if (judged.every(({ patches }) => patches < FEWEST_PATCHES))
    return { verdict: OPEN, reason: `fewer than ${FEWEST_PATCHES} objects` }
  const count = (wanted: Evidence['lean']) => judged.filter(({ lean }) => lean === wanted).length
  const [inFavour, against, open] = [count('for'), count('against'), count('open')]
  const sides = [
    [inFavour, 'for'],
    [against, 'against'],
    [open, 'open'],
  ] as const
  const reason = sides
    .filter(([number]) => number > 0)
    .map(([number, side], i) => `${i === 0 ? counted(number, 'number') : number} ${side}`)
    .join(', ')
  if (inFavour > open && against === 0) return { verdict: 'supported', reason }
  if (against > open && inFavour === 0) return { verdict: 'not supported', reason }
  return { verdict: OPEN, reason }
}

/**
 * The evidence that agrees with the verdict. If the claim cannot be judged, this is all evidence that was considered.
 */
function decidingOf(judged: readonly Evidence[], verdict: Verdict): readonly Evidence[] {
  const wanted = { supported: 'for', 'not supported': 'against', [OPEN]: undefined }[verdict]
  return wanted === undefined ? judged : judged.filter(({ lean }) => lean === wanted)
}

export function rangeClause(
  { says, numbers }: Pick<Claim, 'says' | 'numbers'>,
  networks: readonly { readonly model: string; readonly judged: readonly Evidence[] }[],
): string {
  const all = networks.flatMap(({ model, judged }) => judged.map((one) => ({ ...one, model })))
  const compared = comparedSizes(all)
  const varies = (of: (one: (typeof all)[number]) => string | number) => new Set(all.map(of)).size > 1
  const names = [
    ...(varies(({ model }) => model) ? ['network'] : []),
    ...(varies(({ layer }) => layer) ? ['layer'] : []),
    ...(varies(compared) ? ['size'] : []),
    ...(varies(({ quantity }) => quantity) ? ['folds'] : []),
  ]
  const isOne = new Set(all.map(({ mean }) => numbers.text(numbers.value(mean)))).size === 1
  return `${isOne ? '' : `depending on ${listOf(names)}, `}${says(rangeOf(all, numbers))}`
}

export function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

export function rangeOf(evidence: readonly Pick<Evidence, 'mean'>[], { value, text, unit }: NumberKind): NumberRange {
  const values = evidence.map(({ mean }) => value(mean))
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const between = (least: string, most: string) =>
    least === most ? `${least}${unit}` : `${least}${least.startsWith('−') ? ' to ' : '–'}${most}${unit}`
  return {
    text: between(text(low), text(high)),
    apart: (below, above) => {
      if (!text(low).startsWith('−')) return `${between(text(low), text(high))} ${above}`
      if (text(high).startsWith('−')) return `${between(text(-high), text(-low))} ${below}`
      return `${text(-low)}${unit} ${below} to ${text(high)}${unit} ${above}`
    },
  }
}

export function isTooSmall(findings: readonly Pick<ClaimFinding, 'objects'>[]): boolean {
  return findings.every(({ objects }) => objects < FEWEST_PATCHES)
}
