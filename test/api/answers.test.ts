import { expect, it } from 'vitest'
import { answersOf } from '../../src/api/answers.js'
import { resolveNetwork } from '../../src/networks/index.js'

it('counts positions whose scores are all equal as no answer', async () => {
  const network = {
    ...(await resolveNetwork({ id: 'tiny-alexnet' })),
    layers: [{ name: 'fc8', dims: 2 }],
    classes: { layer: 'fc8', names: ['cat', 'dog'], source: 'test' },
  }
  const scores = Float32Array.of(0, 0, 1, 2, 3, 3, 1, 1.5)
  expect(await answersOf(network, [scores], 4)).toEqual({
    layer: 'fc8',
    source: 'test',
    classes: [{ name: 'dog', positions: 2 }],
    unanswered: 2,
    names: { 0: 'cat', 1: 'dog' },
  })
})
