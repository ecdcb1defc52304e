import { describe, expect, it } from 'vitest'
import { answerSentence, askedIn, summaryOf, unanswered } from '../../../src/report/findings/answer.js'
import { CLAIMS, type Claim } from '../../../src/report/findings/claims.js'
import type { Evidence } from '../../../src/report/findings/evidence.js'
import type { ClaimFinding, Verdict } from '../../../src/report/findings/finding.js'

/** A network's verdict and the means of its numbers; a text in place of the numbers says why there is no verdict. */
type Network = readonly [Verdict, ...(readonly number[] | readonly [string])]

const LEANS = { supported: 'for', contradicted: 'against', open: 'open' } as const

function findingsOf(claim: string, networks: readonly Network[]): readonly ClaimFinding[] {
  return networks.map(([verdict, ...means], i) => {
    const reason = means.find((mean) => typeof mean === 'string') ?? ''
    const evidence = means.flatMap((mean): Evidence[] =>
      typeof mean === 'string'
        ? []
        : [
            {
              layer: 'fc',
              size: 75,
              quantity: '',
              mean,
              standardError: 0,
              halfWidth: 0,
              patches: 9,
              lean: LEANS[verdict],
            },
          ],
    )
    const texts = { question: '', answer: '', link: '', source: '', rule: '' }
    return { ...texts, model: `net ${i}`, claim, verdict, isJudged: reason === '', reason, objects: 9, evidence }
  })
}

function claimOf(id: string): Claim {
  return CLAIMS.find((claim) => claim.id === id) as Claim
}

const [S, C, O] = ['supported', 'contradicted', 'open'] as const

// test/report/findings/findings.test.ts has the sentence of each question for one network and one number, and
// test/report/documents.test.ts has the thresholds.

/** A question, the verdicts and numbers of some networks, and the sentence that follows. */
const SENTENCES: readonly (readonly [claim: string, networks: readonly Network[], sentence: string])[] = [
  [
    'no-global-invariance',
    [
      [S, -0.215, 0.832],
      [O, 0.115, 0.898],
      [S, -0.399],
    ],
    'Yes in 2 of 3 networks; can’t tell in 1: 95 % of positions reach a relative similarity of −0.399 to 0.898, where 1 is no change (as the paper says)',
  ],
  [
    'no-global-invariance',
    [
      [C, 0.95],
      [S, 0.5],
      [O, 0.9],
      [C, 0.97],
    ],
    'Yes in 1 of 4 networks; no in 2; can’t tell in 1: 95 % of positions reach a relative similarity of 0.500–0.970, where 1 is no change (the paper says yes)',
  ],
  [
    'anti-aliasing-suppresses-the-grid',
    [[S, -1.854, -1.347]],
    'Yes: its power is 1.4–4.5 % of that in the plain network (as the paper says)',
  ],
  [
    'horizontal-bias',
    [
      [C, -0.04],
      [O, 0.02],
    ],
    'No in 1 of 2 networks; can’t tell in 1: relative similarity is 0.040 lower to 0.020 higher than for moves up or down (contradicts the paper)',
  ],
  [
    'horizontal-bias',
    [[C, -0.04, -0.02]],
    'No: relative similarity is 0.020–0.040 lower than for moves up or down (contradicts the paper)',
  ],
  [
    'top-bottom-less-separable',
    [
      [C, -0.054],
      [C, 0.016],
    ],
    'No: beyond what the position alone gives, left-right leads by −5.4 to 1.6 points; a lead counts from 2 points (contradicts the paper)',
  ],
  [
    'top-bottom-less-separable',
    [
      [O, 'only shuffled folds were measured'],
      [O, 'only shuffled folds were measured'],
    ],
    'Can’t tell: only shuffled folds were measured',
  ],
  [
    'top-bottom-less-separable',
    [
      [S, 0.1],
      [O, 'only shuffled folds were measured'],
    ],
    'Yes in 1 of 2 networks; can’t tell in 1: beyond what the position alone gives, left-right leads by 10.0 points; a lead counts from 2 points (as the paper says)',
  ],
  [
    'answer-keeps',
    [
      [O, 0.93],
      [O, 0.99, 1],
      [O, 'fewer than 5 objects have a confident answer'],
    ],
    'Can’t tell: the agreement of two positions relative to chance is 93–100 % (3 numbers open)',
  ],
  [
    'answer-keeps',
    [
      [O, 0.93],
      [S, 0.97],
      [C, 0.8],
    ],
    'Mostly in 1 of 3 networks; no in 1; can’t tell in 1: the agreement of two positions relative to chance is 80–97 %',
  ],
]

describe('the answer to a question', () => {
  it.each(SENTENCES)('%s', (id, networks, sentence) => {
    expect(answerSentence(claimOf(id), findingsOf(id, networks))).toBe(sentence)
  })
})

describe('all answers in short', () => {
  const of = (verdicts: Readonly<Record<string, readonly Network[]>>) =>
    askedIn(Object.entries(verdicts).flatMap(([id, networks]) => findingsOf(id, networks)))
  const paper = {
    'no-global-invariance': [[S, 0.5] as const, [O, 0.9] as const],
    'horizontal-bias': [[S, 0.02] as const, [C, -0.02] as const],
    'top-bottom-less-separable': [[C, 0] as const, [C, 0] as const],
    'flips-do-not-cause-the-bias': [[O, 'net is not among the results'] as const],
  }

  it('count those of the paper that hold in all networks, and that fail in one', () => {
    expect(summaryOf(of(paper))).toBe('Of the paper’s 4 answers, 1 holds here, 2 do not hold and 1 stays open')
    const more = { ...paper, 'answer-keeps': [[C, 0.8] as const] }
    expect(summaryOf(of(more))).toBe(summaryOf(of(paper)))
    expect(summaryOf(of({ 'horizontal-bias': [[C, -1]] }))).toBe('Of the paper’s 1 answer, 1 does not hold')
  })

  it('name the questions that have none, and why', () => {
    const [few, none] = ['fewer than 5 objects were measured', 'separability was not measured']
    expect(unanswered(of(paper))).toEqual([
      'Not answered here: “Do flips in training cause the sideways bias?”, because net is not among the results.',
    ])
    const asked = of({
      'no-global-invariance': [
        [O, few],
        [O, few],
      ],
      'horizontal-bias': [
        [O, few],
        [O, few],
      ],
      'top-bottom-less-separable': [
        [O, none],
        [O, few],
      ],
    })
    expect(unanswered(asked)).toEqual([
      `Not answered here: “Are top and bottom harder to separate than left and right?”, because ${none}; ${few}.`,
      `Not answered here: “Do features change with the position?” and “Do features change less when the object moves sideways?”, because ${few}.`,
    ])
    expect(summaryOf(asked)).toBe(`Can’t tell: ${none}; ${few}`)
  })
})
