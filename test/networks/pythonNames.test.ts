import { expect, it } from 'vitest'
import { pythonNames } from '../../src/networks/classes/names.js'

it.each([
  [`{0: 'person', 1: "dog's bed", 2: 'a \\'b\\' \\\\ é'}`, ['person', "dog's bed", "a 'b' \\ é"]],
  [`['cat', 'dog']`, ['cat', 'dog']],
  [` { 0 : 'x' } `, ['x']],
])('names in Python’s form are read: %s', (text, names) => {
  expect(pythonNames(text)).toEqual(names)
})

it.each([
  '',
  '{}',
  `{0: 'a', 2: 'b'}`,
  `{0: 'a'`,
  `{0: 'a']`,
  `{'a'}`,
  `[0: 'a']`,
  `{0: 'a'} or more`,
  `{0: __import__('os').system('id')}`,
  `{0: 'a' 'b'}`,
  `{0: f'{1}'}`,
])('any other text is not: %s', (text) => {
  expect(pythonNames(text)).toBeUndefined()
})

it('a long hostile text is read in a time that grows with its length', () => {
  expect(pythonNames(`{${Array.from({ length: 50_000 }, (_, i) => `${i}: '\\'\\''`).join(', ')}`)).toBeUndefined()
  expect(pythonNames(`{0: '${'\\'.repeat(1_000_001)}`)).toBeUndefined()
})
