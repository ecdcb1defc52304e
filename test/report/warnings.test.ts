import { describe, expect, it } from 'vitest'
import { isGuessing, resultWarnings } from '../../src/report/warnings.js'
import type { AnsweredNetwork } from '../../src/results/answers/read.js'
import type { OpenedNetwork } from '../../src/results/store/openedNetworks.js'
import { madeNetwork } from '../support/madeAnswers.js'
import { inputs } from '../support/unit.js'

const photographWarnings = (answers: readonly AnsweredNetwork[], all: readonly OpenedNetwork[]) =>
  resultWarnings({ answers }, all)

const opened = (changes: Partial<OpenedNetwork> = {}): OpenedNetwork => ({
  ...{ id: 'net', input: 'none', inputSource: 'options', isGrey: false, classes: 1000 },
  ...changes,
})

/** A network with labelled photographs, of which the first `right` get a right answer. */
function labelled(
  right: number,
  count: number,
  { classes = ['ant'], model = 'net', label = 'ant' } = {},
): AnsweredNetwork {
  const values = Array.from({ length: count }, () => [1, 0, 0.5] as const)
  const made = madeNetwork(model, values, { labels: true, protocols: ['center', 'crop'] })
  const at = made.measures.findIndex(({ measure }) => measure === 'accuracy')
  return {
    ...made,
    labelsSha256: label,
    photographs: made.photographs.map((one, i) => ({
      ...{ ...one, label, right: classes },
      values: one.values.with(at, Number(i < right)),
    })),
  }
}

describe('a preprocessing that was not found', () => {
  const assumed = opened({ inputSource: 'assumed' })
  const text =
    'net: no preprocessing was found, so ImageNet’s was used. If this is not the right one, the answers are wrong, however consistent they are. State yours with --input, or in NAME.input.json beside the ONNX file.'

  it('is said beside the numbers of photographs and of objects', () => {
    expect(photographWarnings([madeNetwork('net', [])], [assumed])).toEqual([text])
    const unit = { inputs: { ...inputs, model: 'net', input: 'none' } }
    expect(resultWarnings({ units: [unit, unit], answers: [madeNetwork('net', [])] }, [assumed])).toEqual([text])
    expect(
      photographWarnings([madeNetwork('net', []), madeNetwork('b', [])], [assumed, { ...assumed, id: 'b' }]),
    ).toEqual([text.replace('net:', 'net, b:')])
    const [grey = ''] = resultWarnings({ units: [unit] }, [{ ...assumed, isGrey: true }])
    expect(grey).toContain('so values from 0 to 1 were used.')
  })

  it('is not said if a later call stated the same one, if another one was used, or if nobody knows', () => {
    const said = (...all: readonly OpenedNetwork[]) => photographWarnings([madeNetwork('net', [])], all)
    expect(said(opened(), assumed)).toEqual([])
    expect(said(opened({ input: 'another' }), assumed)).toEqual([text])
    expect(said({ ...assumed, input: 'another' })).toEqual([])
    expect(said({ ...assumed, id: 'another' })).toEqual([])
    expect(said()).toEqual([])
    const { input: _, ...ofCatalog } = inputs
    expect(resultWarnings({ units: [{ inputs: { ...ofCatalog, model: 'net' } }] }, [assumed])).toEqual([])
  })
})

describe('an accuracy at chance', () => {
  it('says that the preprocessing or the order of the classes is probably wrong', () => {
    expect(photographWarnings([labelled(1, 60)], [opened()])).toEqual([
      'net: 1 of 60 answers without a shift is right, which guessing reaches, too. The preprocessing, the order of the classes or the labels are probably wrong, and then no number of this network counts.',
    ])
    expect(photographWarnings([labelled(30, 60)], [opened()])).toEqual([])
    expect(photographWarnings([labelled(1, 60)], [opened({ classes: undefined })])).toEqual([])
    expect(photographWarnings([madeNetwork('net', [[1, 0, 0.5]])], [opened()])).toEqual([])
  })

  it('counts all right classes of a photograph', () => {
    const dogs = Array.from({ length: 118 }, (_, i) => `dog ${i}`)
    // Guessing finds a dog among 1000 classes in 118 of 1000 cases, which 7 of 60 cannot exceed.
    expect(photographWarnings([labelled(7, 60, { classes: dogs })], [opened()])).toHaveLength(1)
    expect(photographWarnings([labelled(7, 60)], [opened()])).toEqual([])
  })

  it.each([
    // Few photographs tell nothing, unless nearly all answers are wrong.
    [5, 10, 1 / 2, false],
    [3, 10, 1 / 2, false],
    [2, 10, 1 / 2, true],
    [0, 10, 1 / 1000, false],
    [0, 20, 1 / 1000, true],
    [0, 1, 1 / 1000, false],
    // Many photographs tell a guess from a network that is a little better.
    [500, 1000, 1 / 2, true],
    [700, 1000, 1 / 2, false],
    [100, 1000, 1 / 1000, false],
    [0, 60, 1 / 1000, true],
    [3, 60, 1 / 1000, false],
    [12, 60, 1 / 10, false],
    [6, 100, 1 / 10, true],
    [0, 0, Number.NaN, false],
    [4, 4, 1, false],
  ])('%i right of %i, each by guessing with probability %d: %s', (right, count, chance, expected) => {
    expect(isGuessing(right, count, chance)).toBe(expected)
  })
})

it('says that two networks were measured with different labels', () => {
  const [one, other] = [labelled(50, 60), labelled(50, 60, { model: 'other', label: 'bee' })]
  const all = [opened(), opened({ id: 'other' })]
  expect(photographWarnings([one, other], all)).toEqual([
    'net and other were measured with different labels of 60 photographs, so do not compare their accuracies. Measure both with the same labels.',
  ])
  expect(photographWarnings([one, { ...other, photographs: one.photographs }], all)).toEqual([])
  expect(photographWarnings([one, madeNetwork('other', [[1, 0, 0.5]])], all)).toEqual([])
})
