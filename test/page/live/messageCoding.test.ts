import { expect, it } from 'vitest'
import { encodeMessage, messageDecoder } from '../../../src/page/live/messageCoding.js'

const MESSAGES = [
  { kind: 'note', message: 'à \u2068dog\u2069' },
  {
    kind: 'rows',
    places: Uint32Array.of(0, 2 ** 32 - 1),
    answers: { at: Float32Array.of(0.1, Number.NaN), names: {} },
  },
  // A view on a part of a buffer, and an array without numbers.
  { kind: 'rows', places: new Uint32Array(0), cosines: Float32Array.of(1, -0.25, 3).subarray(1), done: 3 },
]

it.each([1, 3, 4, 1000])('messages come back from pieces of %i bytes, with the same numbers in every bit', (length) => {
  const bytes = Buffer.concat(MESSAGES.map(encodeMessage))
  const decode = messageDecoder()
  const found: unknown[] = []
  for (let begin = 0; begin < bytes.length; begin += length)
    found.push(...decode(bytes.subarray(begin, begin + length)))
  expect(found).toEqual(MESSAGES)
})
