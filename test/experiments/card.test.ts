import { expect, it } from 'vitest'
import { DeviceError } from '../../src/errors.js'
import { namedCard } from '../../src/experiments/card.js'

it('a card that the machine lacks is refused by its name, with the reason', () => {
  const refusal = /^device cuda:999 is not usable: [^:]+.*; or use `device cpu`$/
  expect(() => namedCard('cuda:999')).toThrow(DeviceError)
  expect(() => namedCard('cuda:999')).toThrow(refusal)
})
