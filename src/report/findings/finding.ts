import type { Evidence } from './evidence.js'

/** Verdict on the answer that a claim stands for; docs/findings.md has the rule. */
export type Verdict = 'supported' | 'contradicted' | 'open'

/** Finding: a question about a network, with its answer, its verdict and evidence. */
export interface ClaimFinding {
  readonly model: string
  /** Network with which it is compared, if the question is about a pair. */
  readonly plain?: string
  /** Id of the claim. */
  readonly claim: string
  readonly question: string
  /** The answer in one sentence, with the range of the numbers. */
  readonly answer: string
  /** Whether the numbers support the paper's answer; if the paper does not ask, whether they support a yes. */
  readonly verdict: Verdict
  /** Whether the study has the numbers to answer the question. If not, the verdict is `open`. */
  readonly isJudged: boolean
  /** Reason for the verdict: how many numbers say yes and no, or why the study cannot answer the question. */
  readonly reason: string
  /** URL fragment that opens the viewer at the evidence. */
  readonly link: string
  /** Number of measured objects, at the size with the most objects. */
  readonly objects: number
  /** Who asks, and what the paper says. */
  readonly source: string
  /** What is measured. */
  readonly rule: string
  /** The numbers that decide the verdict, and others that are only shown. */
  readonly evidence: readonly Evidence[]
}
