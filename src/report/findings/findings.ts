import type { StudyGroup } from '../../results/study.js'
import { plainOf } from '../versions.js'
import { CLAIMS } from './claims.js'
import type { Evidence } from './evidence.js'
import { judge, type Verdict } from './verdict.js'

/** What a network's numbers say about one claim of the paper. */
export interface ClaimFinding {
  readonly model: string
  readonly claim: string
  readonly statement: string
  readonly heading: string
  readonly verdict: Verdict
  readonly because: string
  /** The numbers in short; null: there are none. */
  readonly headline: string | null
  /** What was measured and what speaks for the claim. */
  readonly rule: string
  readonly evidence: readonly Evidence[]
}

/** What a study's numbers say about the paper's claims, network by network in the order of the groups. */
export function findingsOf(groups: readonly StudyGroup[]): readonly ClaimFinding[] {
  const models = [...new Set(groups.map(({ model }) => model))]
  const of = (wanted: string | undefined) => groups.filter(({ model }) => model === wanted)
  return models.flatMap((model) => {
    const network = { model, groups: of(model), plain: of(plainOf(model)) }
    return CLAIMS.filter(({ concerns }) => concerns?.(model) ?? true).map((claim) => {
      const evidence = claim.evidence(network)
      const obstacle = claim.obstacle(network)
      const judgement =
        obstacle === undefined ? judge(evidence) : { verdict: 'cannot be judged' as const, because: obstacle }
      const { id, statement, heading, rule } = claim
      const headline = evidence.length === 0 ? null : claim.headline(evidence)
      return { model, claim: id, statement, heading, ...judgement, headline, rule, evidence }
    })
  })
}
