import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { displayNames } from '../../../src/report/text/displayNames.js'

const rows = [
  { model: 'net', layer: 'fc8', metric: 'answer-agreement', variant: {} },
  { model: 'onnx', layer: '/Flatten_output_0', metric: 'answer-agreement', variant: {} },
  { model: 'onnx', layer: '/features/features.18/Conv_output_0', metric: 'similarity-mean', variant: {} },
]

describe('the text of a layer or network', () => {
  it.each([
    ['net', 'net'],
    ['fc8', 'fc8'],
    ['/Flatten_output_0', 'class scores'],
    ['/features/features.18/Conv_output_0', 'features.18/Conv'],
    ['/Split_output_1', 'Split_output_1'],
  ])('of %s is by default %s', (name, text) => expect(displayNames(rows, {})(name)).toBe(text))

  it('is the given one, for known names only', () => {
    const textOf = displayNames(rows, { '/Flatten_output_0': 'logits', net: 'AlexNet' })
    expect(['/Flatten_output_0', 'net', 'fc8'].map(textOf)).toEqual(['logits', 'AlexNet', 'fc8'])
    expect(() => displayNames(rows, { fc9: 'x' })).toThrow(
      new UsageError(
        '`labels` names fc9, but the networks and layers are net, fc8, onnx, /Flatten_output_0, /features/features.18/Conv_output_0; use these',
      ),
    )
  })
})
