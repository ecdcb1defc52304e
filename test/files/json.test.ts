import { expect, it } from 'vitest'
import { MOST_DEPTH, parseJson } from '../../src/files/json.js'

const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`

it('a document is read as it stands, and refused where it is nested too deeply', () => {
  expect(parseJson('{"a":[1,null,{"b":"c"}]}')).toEqual({ a: [1, null, { b: 'c' }] })
  expect(parseJson(nested(MOST_DEPTH))).toBeInstanceOf(Array)
  for (const text of [nested(MOST_DEPTH + 2), nested(1_000_000), '{"a":', ''])
    expect(() => parseJson(text)).toThrow(SyntaxError)
})
