import { sectionOf, viewLink } from '../../page/text/viewLink.js'
import type { NetworkPair } from '../../results/store/pairs.js'
import type { StudyGroup } from '../../results/store/study.js'
import { answerSentence, countsOf, judgedEvidence } from './answer.js'
import { CLAIMS, type Claim } from './claims.js'
import { type ClaimAbout, type Evidence, evidenceOf, FEWEST_OBJECTS } from './evidence.js'
import type { ClaimFinding, Verdict } from './finding.js'
import { FEWEST_POSITIONS, hasFewPositions, type NetworkStudy } from './network.js'

export const VERDICT_RULE = `Each answer follows from numbers: means over objects for one layer and size, with their 95 % confidence intervals (±, by Student’s t). A number says yes or no if its interval does not contain the threshold, and it comes from at least ${FEWEST_OBJECTS.network} objects and ${FEWEST_POSITIONS} positions. Otherwise, it is open. Numbers that compare two networks need ${FEWEST_OBJECTS.pair} objects, and a p value (by Student’s t) that is below 0.05 after Holm’s correction for all layers and sizes. A network’s answer is yes if no number says no, and more say yes than are open. It is no in the opposite case. Otherwise, we can’t tell.`

/**
 * Judges every claim for every network, or for the variant of every pair. Findings are sorted by claim, then by network
 * in the order of the groups.
 */
export function findingsOf(groups: readonly StudyGroup[], pairs: readonly NetworkPair[]): readonly ClaimFinding[] {
  return CLAIMS.flatMap((claim) =>
    findingsOn(
      claim,
      groups,
      pairs.filter(({ kind }) => kind === claim.scope.pairs),
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
    if (claim.scope.pairs === undefined) return [{ ...own, plains: [] }]
    const pair = pairs.find(({ variant }) => variant === model)
    return pair === undefined ? [] : [{ ...own, pair, plains: of(pair.plain) }]
  })
  return networks
    .filter((network) => claim.scope.concerns?.(network) ?? true)
    .map((network) => findingOf(claim, network))
}

function findingOf(claim: Claim, network: NetworkStudy): ClaimFinding {
  const evidence = evidenceOf(claim.evidence.measure(network), claim.evidence.border, aboutOf(claim))
  const judged = judgedEvidence({ evidence })
  const obstacle = obstacleOf(claim, network, judged)
  const { verdict, reason } =
    obstacle === undefined ? judge(claim, judged) : { verdict: 'open' as const, reason: obstacle }
  const { question, source, rule } = claim.words
  const { model, groups, pair } = network
  const outcome = { verdict, isJudged: obstacle === undefined, reason, evidence }
  const answer = answerSentence(claim, [outcome])
  const link = linkTo(claim, network, decidingOf(judged, verdict))
  const objects = Math.max(...groups.map(({ units }) => units.length))
  const compared = { model, ...(pair && { plain: pair.plain }) }
  return { ...compared, claim: claim.id, question, answer, ...outcome, link, objects, source, rule }
}

/** Reason why the study cannot answer a question about a network; undefined if it can. */
function obstacleOf(claim: Claim, network: NetworkStudy, judged: readonly Evidence[]): string | undefined {
  const fewest = FEWEST_OBJECTS[aboutOf(claim)]
  const isFew = (patches: number) => patches < fewest
  if (network.groups.every(({ units }) => isFew(units.length))) return `fewer than ${fewest} objects were measured`
  if (network.groups.every(hasFewPositions)) return `fewer than ${FEWEST_POSITIONS} positions were measured`
  const own = claim.scope.obstacle?.(network)
  if (own !== undefined) return own
  const { counted } = claim.words
  if (judged.length === 0 && counted === undefined) return 'the study has no numbers for it'
  const isTooFew = judged.every(({ patches }) => isFew(patches))
  return isTooFew ? `fewer than ${fewest} objects ${counted ?? 'were measured'}` : undefined
}

function aboutOf({ scope }: Claim): ClaimAbout {
  return scope.pairs === undefined ? 'network' : 'pair'
}

/** Makes the link to the evidence farthest from the threshold, among the evidence that decides the verdict. */
function linkTo(
  { id, scope, evidence: { border }, figure }: Claim,
  network: NetworkStudy,
  deciding: readonly Evidence[],
): string {
  // Maps cannot show classifiers, so the figure of the question is the evidence.
  if (scope.needsFolds) return `#${sectionOf(id)}`
  const { model, groups } = network
  const [farthest] = deciding.toSorted((a, b) => Math.abs(b.mean - border.at) - Math.abs(a.mean - border.at))
  const { layer, size } = farthest ?? { layer: groups[0]?.layers.at(-1) ?? '', size: groups[0]?.size ?? 0 }
  const usual = { network: model, with: null, layer, size, patch: null, anchor: 'center', map: 'similarity' } as const
  return viewLink({ ...usual, limits: 'fit', ...figure.seenIn?.(network, { layer, size }) })
}

/** Judges a claim by the rule in VERDICT_RULE. */
export function judge(claim: Claim, judged: readonly Evidence[]): Pick<ClaimFinding, 'verdict' | 'reason'> {
  const count = (wanted: Evidence['lean']) => judged.filter(({ lean }) => lean === wanted).length
  const [inFavour, against, open] = [count('for'), count('against'), count('open')]
  const reason = countsOf(claim, judged)
  if (inFavour > open && against === 0) return { verdict: 'supported', reason }
  if (against > open && inFavour === 0) return { verdict: 'contradicted', reason }
  return { verdict: 'open', reason }
}

/** The evidence that agrees with the verdict. If the verdict is open, this is all evidence that was considered. */
function decidingOf(judged: readonly Evidence[], verdict: Verdict): readonly Evidence[] {
  const wanted = { supported: 'for', contradicted: 'against', open: undefined }[verdict]
  return wanted === undefined ? judged : judged.filter(({ lean }) => lean === wanted)
}
