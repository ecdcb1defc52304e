import { expect, it } from 'vitest'
import { DeviceError } from '../../src/errors.js'
import { requiredCard } from '../../src/experiments/card.js'

it('a card that the machine lacks is refused by its name, with the reason', () => {
  const refusal = /^device cuda:999 is not usable: [^:]+.*; or use `device cpu`$/
  expect(() => requiredCard(999)).toThrow(DeviceError)
  expect(() => requiredCard(999)).toThrow(refusal)
})
