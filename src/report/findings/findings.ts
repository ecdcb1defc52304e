import type { StudyGroup } from '../../results/study.js'
import { originalOf } from '../versions.js'
import { CLAIMS } from './claims.js'
import type { Evidence } from './evidence.js'
import { plainSentence } from './sentence.js'
import { type Judgement, judge, type Verdict } from './verdict.js'

/** What a network's numbers say about one claim: the paper's, or a question of our own. */
export interface ClaimFinding {
  readonly model: string
  readonly claim: string
  readonly statement: string
  readonly heading: string
  readonly verdict: Verdict
  readonly because: string
  /** The verdict in plain words, with the numbers that decide it. */
  readonly sentence: string
  /** What was measured and what speaks for the claim. */
  readonly rule: string
  readonly evidence: readonly Evidence[]
}

/** Which verdicts tell most: those against the paper first, those that are none last. */
const TELLING: readonly Verdict[] = ['not supported', 'supported', 'cannot be judged']

/**
 * What a study's numbers say about the claims, the most telling first: by verdict (see TELLING), then claim by claim, networks
 * in the order of the groups.
 */
export function findingsOf(groups: readonly StudyGroup[]): readonly ClaimFinding[] {
  const models = [...new Set(groups.map(({ model }) => model))]
  const of = (wanted: string | undefined) => groups.filter(({ model }) => model === wanted)
  const findings = models.flatMap((model) => {
    const network = { model, groups: of(model), original: of(originalOf(model)) }
    return CLAIMS.filter(({ concerns }) => concerns?.(network) ?? true).map((claim) => {
      const evidence = claim.evidence(network)
      const obstacle = claim.obstacle(network)
      const judgement: Judgement =
        obstacle === undefined ? judge(evidence) : { verdict: 'cannot be judged', because: obstacle }
      const { id, statement, heading, rule } = claim
      const sentence = plainSentence(claim.words(network, evidence), evidence, judgement)
      return { model, claim: id, statement, heading, ...judgement, sentence, rule, evidence }
    })
  })
  const ids = CLAIMS.map(({ id }) => id)
  return findings.sort(
    (a, b) => TELLING.indexOf(a.verdict) - TELLING.indexOf(b.verdict) || ids.indexOf(a.claim) - ids.indexOf(b.claim),
  )
}
