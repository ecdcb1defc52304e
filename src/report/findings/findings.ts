import { FEWEST_PATCHES } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import { originalOf } from '../../results/versions.js'
import { viewLink } from '../viewLink.js'
import { CLAIMS, type Claim, type NumberKind } from './claims.js'
import { CLEAR_ERRORS, type Evidence } from './evidence.js'
import type { NetworkStudy } from './network.js'

export type Verdict = 'supported' | 'not supported' | 'cannot be judged'

export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  supported: '✓',
  'not supported': '✗',
  'cannot be judged': '?',
}

/** How evidence becomes a verdict, in words. */
export const VERDICT_RULE = `A number speaks for or against a claim if its mean over at least ${FEWEST_PATCHES} objects is more than ${CLEAR_ERRORS} standard errors off the border, and is open otherwise. A claim is supported (✓) if no number speaks against it and more speak for it than are open. It is contradicted (✗) if none speaks for it and at least as many speak against it as are open. Otherwise it cannot be judged (?).`

/** What a network's numbers say about one claim. */
export interface ClaimFinding {
  readonly model: string
  readonly claim: string
  /** The claim as a plain clause. */
  readonly title: string
  readonly verdict: Verdict
  /** What the numbers are, in one sentence. */
  readonly sentence: string
  /** Why the verdict is so: how many numbers speak for and against it, or what is missing. */
  readonly reason: string
  /** Fragment of the page's address that sets the viewer to a state in which the sentence can be seen. */
  readonly link: string
  /** Of the network, of the size that has most. */
  readonly objects: number
  /** Who claims it, what was measured, and what speaks for the claim. */
  readonly source: string
  readonly rule: string
  readonly evidence: readonly Evidence[]
}

/** What a study's numbers say about the claims, claim by claim, networks in the order of the groups. */
export function findingsOf(groups: readonly StudyGroup[]): readonly ClaimFinding[] {
  const networks = [...new Set(groups.map(({ model }) => model))].map((model): NetworkStudy => {
    const of = (wanted: string | undefined) => groups.filter((group) => group.model === wanted)
    return { model, groups: of(model), original: of(originalOf(model)) }
  })
  return CLAIMS.flatMap((claim) =>
    networks.filter((network) => claim.concerns(network)).map((network) => findingOf(claim, network)),
  )
}

function findingOf(claim: Claim, network: NetworkStudy): ClaimFinding {
  const evidence = claim.evidence(network)
  const judged = evidence.filter(({ lean }) => lean !== null)
  const obstacle = claim.obstacle(network) ?? (judged.length === 0 ? 'nothing was measured that can tell' : undefined)
  const { verdict, reason } = obstacle === undefined ? judge(judged) : ({ verdict: OPEN, reason: obstacle } as const)
  const { id, title, source, rule } = claim
  const deciding = decidingOf(judged, verdict)
  const { model, groups } = network
  const sentence =
    deciding.length === 0 ? `${model}: ${reason}` : `in ${model}, ${claim.says(rangeText(deciding, claim.numbers))}`
  const link = linkTo(claim, network, deciding)
  const objects = Math.max(...groups.map(({ units }) => units.length))
  return { model, claim: id, title, verdict, sentence, reason, link, objects, source, rule, evidence }
}

/** The layer and size whose number is farthest from the border, of those that a verdict rests on. */
function linkTo({ border, seenIn }: Claim, network: NetworkStudy, deciding: readonly Evidence[]): string {
  const { model, groups } = network
  const [farthest] = deciding.toSorted((a, b) => Math.abs(b.mean - border) - Math.abs(a.mean - border))
  const { layer, size } = farthest ?? { layer: groups[0]?.layers.at(-1) ?? '', size: groups[0]?.size ?? 0 }
  const usual = { network: model, with: null, layer, size, patch: null, anchor: 'center', map: 'similarity' } as const
  return viewLink({ ...usual, limits: 'fit', ...seenIn?.(network, { layer, size }) })
}

const OPEN = 'cannot be judged'

/** The verdict on a claim from what speaks for and against it (see VERDICT_RULE). */
export function judge(judged: readonly Evidence[]): Pick<ClaimFinding, 'verdict' | 'reason'> {
  if (judged.every(({ patches }) => patches < FEWEST_PATCHES))
    return { verdict: OPEN, reason: `fewer than ${FEWEST_PATCHES} objects` }
  const count = (wanted: Evidence['lean']) => judged.filter(({ lean }) => lean === wanted).length
  const [inFavour, against, open] = [count('for'), count('against'), count('open')]
  const reason = [
    [inFavour, 'for'],
    [against, 'against'],
    [open, 'open'],
  ]
    .flatMap(([number, side]) => (number === 0 ? [] : `${number} ${side}`))
    .join(', ')
  if (inFavour > open && against === 0) return { verdict: 'supported', reason }
  if (against > 0 && inFavour === 0 && against >= open) return { verdict: 'not supported', reason }
  return { verdict: OPEN, reason }
}

/** What a verdict rests on; of an open question, all that was judged. */
function decidingOf(judged: readonly Evidence[], verdict: Verdict): readonly Evidence[] {
  const wanted = { supported: 'for', 'not supported': 'against', [OPEN]: undefined }[verdict]
  return wanted === undefined ? judged : judged.filter(({ lean }) => lean === wanted)
}

/** Smallest to largest mean: "1.4–6.6 %", "−0.02 to 0.01". */
export function rangeText(evidence: readonly Evidence[], { value, text, unit }: NumberKind): string {
  const values = evidence.map(({ mean }) => value(mean))
  const [low, high] = [text(Math.min(...values)), text(Math.max(...values))]
  if (low === high) return `${low}${unit}`
  return `${low}${low.startsWith('−') ? ' to ' : '–'}${high}${unit}`
}

/** Whether no network has enough objects for a verdict. */
export function isTooSmall(findings: readonly Pick<ClaimFinding, 'objects'>[]): boolean {
  return findings.every(({ objects }) => objects < FEWEST_PATCHES)
}
