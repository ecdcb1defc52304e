import { describe, expect, it } from 'vitest'
import { answerSentence, askedIn, introduction, summaryOf, unanswered } from '../../../src/report/findings/answer.js'
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
        : [{ layer: 'fc', size: 75, quantity: '', mean, standardError: 0, patches: 9, lean: LEANS[verdict] }],
    )
    const texts = { question: '', answer: '', link: '', source: '', rule: '' }
    return { ...texts, model: `net ${i}`, claim, verdict, isJudged: reason === '', reason, objects: 9, evidence }
  })
}

function claimOf(id: string): Claim {
  return CLAIMS.find((claim) => claim.id === id) as Claim
}

const [S, C, O] = ['supported', 'contradicted', 'open'] as const

/** For each question, the verdicts and numbers of some networks, and the sentence that follows. */
const SENTENCES: Readonly<Record<string, readonly (readonly [readonly Network[], string])[]>> = {
  'no-global-invariance': [
    [
      [[S, 0.5]],
      'Yes: 95 % of positions reach a relative similarity of 0.500, where 1 is no change (as the paper says)',
    ],
    [
      [
        [S, -0.215, 0.832],
        [O, 0.115, 0.898],
        [S, -0.399],
      ],
      'Yes in 2 of 3 networks; can’t tell in 1: 95 % of positions reach a relative similarity of −0.399 to 0.898, where 1 is no change (as the paper says)',
    ],
    [
      [
        [C, 0.95],
        [S, 0.5],
        [O, 0.9],
        [C, 0.97],
      ],
      'Yes in 1 of 4 networks; no in 2; can’t tell in 1: 95 % of positions reach a relative similarity of 0.500–0.970, where 1 is no change (the paper says yes)',
    ],
  ],
  'anti-aliasing-suppresses-the-grid': [
    [[[S, -1.854, -1.347]], 'Yes: its power is 1.4–4.5 % of that in the plain network (as the paper says)'],
    [[[C, -0.1]], 'No: its power is 79 % of that in the plain network (contradicts the paper)'],
    [[[O, 'net is not among the results']], 'Can’t tell: net is not among the results'],
  ],
  'anti-aliasing-keeps-global-invariance': [
    [[[S, 0.05]], 'No: it closes 5.0 % of the gap to perfect invariance (as the paper says)'],
    [[[C, 0.29, 0.38]], 'Yes: it closes 29–38 % of the gap to perfect invariance (contradicts the paper)'],
    [
      [[O, 0.15, 0.38]],
      'Can’t tell: it closes 15–38 % of the gap to perfect invariance (numbers: 2 are open; the paper says no)',
    ],
  ],
  // The paper says nothing of pairs that the user names.
  'variant-suppresses-the-grid': [[[[S, -1]], 'Yes: its power is 10 % of that in the plain network']],
  'variant-keeps-global-invariance': [[[[S, 0.05]], 'No: it closes 5.0 % of the gap to perfect invariance']],
  'horizontal-bias': [
    [
      [
        [S, 0.011],
        [S, 0.08],
      ],
      'Yes: relative similarity is 0.011–0.080 higher than for moves up or down (as the paper says)',
    ],
    [
      [
        [C, -0.04],
        [O, 0.02],
      ],
      'No in 1 of 2 networks; can’t tell in 1: relative similarity is 0.040 lower to 0.020 higher than for moves up or down (contradicts the paper)',
    ],
  ],
  'flips-do-not-cause-the-bias': [
    [[[S, 0.03]], 'No: without flips, the bias is 0.030 above half of the bias with flips (as the paper says)'],
    [[[C, -0.04]], 'Yes: without flips, the bias is 0.040 below half of the bias with flips (contradicts the paper)'],
    [
      [[O, 0.007, 0.024]],
      'Can’t tell: without flips, the bias is 0.007–0.024 above half of the bias with flips (numbers: 2 are open; the paper says no)',
    ],
  ],
  'top-bottom-less-separable': [
    [
      [[S, 0.1]],
      'Yes: left-right’s lead over top-bottom is 10.0 points above that of the position alone (as the paper says)',
    ],
    [
      [
        [C, -0.054],
        [C, 0.016],
      ],
      'No: left-right’s lead over top-bottom is 5.4 points below to 1.6 points above that of the position alone (contradicts the paper)',
    ],
    [
      [
        [O, 'only shuffled folds were measured'],
        [O, 'only shuffled folds were measured'],
      ],
      'Can’t tell: only shuffled folds were measured',
    ],
    [
      [
        [S, 0.1],
        [O, 'only shuffled folds were measured'],
      ],
      'Yes in 1 of 2 networks; can’t tell in 1: left-right’s lead over top-bottom is 10.0 points above that of the position alone (as the paper says)',
    ],
  ],
  'position-modulo-stride': [
    [[[S, -0.2]], 'Yes: the position predicts the accuracies 20.0 points worse than its phase'],
    [[[C, 0.389, 0.438]], 'No: the position predicts the accuracies 38.9–43.8 points better than its phase'],
  ],
  'answer-keeps': [
    [[[S, 0.97]], 'Mostly: 97 % of positions keep a confident answer'],
    [[[C, 0.4]], 'No: 40 % of positions keep a confident answer'],
    [
      [
        [O, 0.93],
        [O, 0.99, 1],
        [O, 'fewer than 5 objects have a confident answer'],
      ],
      'Can’t tell: 93–100 % of positions keep a confident answer (numbers: 3 are open)',
    ],
    [
      [
        [O, 0.93],
        [S, 0.97],
        [C, 0.8],
      ],
      'Mostly in 1 of 3 networks; no in 1; can’t tell in 1: 80–97 % of positions keep a confident answer',
    ],
  ],
}

describe('the answer to a question', () => {
  it('is in this table for each question', () =>
    expect(Object.keys(SENTENCES)).toEqual(CLAIMS.filter(({ subject }) => subject === 'objects').map(({ id }) => id)))

  const cases = Object.entries(SENTENCES).flatMap(([id, rows]) =>
    rows.map(([networks, sentence]) => [claimOf(id).question, sentence, id, networks] as const),
  )
  it.each(cases)('%s %s', (_question, sentence, id, networks) => {
    expect(answerSentence(claimOf(id), findingsOf(id, networks))).toBe(sentence)
  })

  it('is the same on photographs, whose questions are in their own words', () => {
    const onPhotographs = 'answer-keeps-on-photographs'
    expect(claimOf(onPhotographs).question).toBe(
      'On photographs, does the answer stay the same wherever the window is?',
    )
    expect(answerSentence(claimOf(onPhotographs), findingsOf(onPhotographs, [[C, 0.8]]))).toBe(
      'No: 80 % of positions keep a confident answer',
    )
  })

  it.each([
    ['no-global-invariance', 'Numbers above 0.9 mean no, below it yes.'],
    ['anti-aliasing-suppresses-the-grid', 'Numbers above 50 % mean no, below it yes.'],
    ['anti-aliasing-keeps-global-invariance', 'Numbers above 10 % mean yes, below it no.'],
    ['flips-do-not-cause-the-bias', 'Numbers above 0 mean no, below it yes.'],
    ['top-bottom-less-separable', 'Numbers above 2 points mean yes, below it no.'],
    ['answer-keeps', 'Numbers above 95 % mean mostly, below it no.'],
  ])('to %s follows from a threshold', (id, sentence) =>
    expect(introduction(claimOf(id)).endsWith(` ${sentence}`)).toBe(true),
  )
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
    const more = { ...paper, 'answer-keeps': [[C, 0.8] as const], 'horizontal-bias-on-photographs': [[C, -1] as const] }
    expect(summaryOf(of(more))).toBe(summaryOf(of(paper)))
    expect(summaryOf(of({ 'horizontal-bias-on-photographs': [[C, -1]] }))).toBe(
      'Of the paper’s 1 answer, 1 does not hold',
    )
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
      `Not answered here: “Do features change with the position?” and “Do features change less when the object moves sideways?”, because ${few}.`,
      `Not answered here: “Are top and bottom harder to separate than left and right?”, because ${none}; ${few}.`,
    ])
    expect(summaryOf(asked)).toBe(`Can’t tell: ${few}; ${none}`)
  })
})
