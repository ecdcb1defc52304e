import { InvalidArgumentError } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  collectAssignments,
  collectImages,
  collectLabels,
  collectLayers,
  collectLimits,
  collectNames,
  collectPairs,
  parseColours,
  parseLimits,
  parseList,
  parseMinutes,
  parseNatural,
  parsePath,
  parsePositive,
  parseRange,
  parseWhole,
  parseWholeList,
} from '../../../src/cli/options/parse.js'
import { listText } from '../../../src/support/text.js'

type Parser = (text: string) => unknown

const THREE = 'Give one number, or three for red, green and blue, such as 0.5,0.5,0.5.'
const RISING = 'Give two numbers, the smaller one first, such as 0.88,1.'
const ONCE = 'Give one list for all networks, or one list per network as ID=a,b.'

describe('the value of an option', () => {
  it.each<[Parser, Readonly<Record<string, unknown>>]>([
    [parseWhole, { 1: 1, '007': 7, 9007199254740991: Number.MAX_SAFE_INTEGER }],
    [parseNatural, { 0: 0, 12: 12, 9007199254740991: Number.MAX_SAFE_INTEGER }],
    [parsePositive, { '1e-7': 1e-7, '0.5': 0.5, ' 2 ': 2 }],
    [parsePath, { ' ': ' ', 'a/b': 'a/b' }],
    [parseWholeList, { 75: [75], '75 , 125': [75, 125] }],
    [parseList, { a: ['a'], 'a, b c ,d': ['a', 'b c', 'd'], 'x=a\\,b.onnx,c\\d': ['x=a,b.onnx', 'c\\d'] }],
    [parseMinutes, { 1: 1, 90: 90, '1:30:00': 90, '00:00:00': 1, '00:01:01': 2, '100:59:59': 6060 }],
    [parseColours, { '1,2,3': [1, 2, 3], '0.5': [0.5], ' -0.5, 1e2 ,0': [-0.5, 100, 0] }],
    [parseRange, { 1: 1, 255: 255 }],
    [parseLimits, { '0.88,1': { low: 0.88, high: 1 }, '-1e3, 0': { low: -1000, high: 0 } }],
    [collectAssignments, { 'id=a=b': { id: 'a=b' }, 'constructor=x': { constructor: 'x' } }],
    [collectLabels, { 'fc8=class scores': { fc8: 'class scores' } }],
    [collectPairs, { 'old=new': [{ plain: 'old', variant: 'new' }] }],
    [collectLayers, { 'a,b': ['a', 'b'], '=a': ['=a'], 'id=a,b': { id: ['a', 'b'] } }],
    [
      collectLimits,
      { 'crop=.9 agreement = 0.1': { 'crop=.9 agreement': 0.1 }, 'diagonal change=0': { 'diagonal change': 0 } },
    ],
    [collectNames, { 'a, b': ['a', 'b'] }],
  ])('%o is what its text says', (parse, values) => {
    for (const [text, value] of Object.entries(values)) expect([text, parse(text)]).toEqual([text, value])
  })

  it.each<[Parser, string, string]>([
    [parseWhole, 'Give a whole number of at least 1.', '|0|-1|+1|1.5|1e3|0x10| 1|1 |one|Infinity|9007199254740992|٣'],
    [parseNatural, 'Give a whole number of at least 0.', '|-1|1.5|1 |x1|9007199254740992'],
    [parsePositive, 'Give a number above 0.', '| |0|-1|NaN|Infinity|one'],
    [parsePath, 'Give a path that is not empty.', ''],
    [parseWholeList, 'Give a whole number of at least 1.', '75;125|75,x|75,0'],
    [parseList, 'Give values separated by commas.', '| |,|a,|,a|a,,b|a, ,b'],
    [parseMinutes, 'Give whole minutes, or HH:MM:SS.', '|0|5 hours|1:60:00|1:00:60|1:0:0|1.5|-1|x1:00:00|1:00:000'],
    [parseColours, THREE, '|1,2|1,2,3,4|1,2,|1,2,x|1,2,Infinity'],
    [parseRange, 'Give 1 or 255.', '|2|1.0'],
    [parseLimits, RISING, '|,|,1|-1,|0.88|1,1|1,0|0,1,2|a,b|NaN,1|0,Infinity|-Infinity,0|0 1'],
    [(text) => collectAssignments(text), 'Give ID=FILE, such as alexnet=alexnet.pth.', '|=|alexnet|alexnet=|=a.pth'],
    [
      (text) => collectPairs(text),
      'Give PLAIN=VARIANT, two networks by name or id, such as old=new.',
      'old|=new|a=b=c',
    ],
    [(text) => collectImages(text), 'Give NAME=FILE or NAME=SCENE, such as A=dog@0,149.', '|A|A=|=x'],
  ])('%o is told its form where it is another: %s', (parse, message, texts) => {
    for (const text of texts.split('|')) expect(() => parse(text), text).toThrow(new InvalidArgumentError(message))
  })
})

it('a list of values with commas and backslashes is written so that it is read again', () => {
  const values = fc.array(
    fc.stringMatching(/^[ab,\\]+$/).filter((text) => !text.endsWith('\\')),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(values, (list) => {
      expect(parseList(listText(list))).toEqual(list)
    }),
  )
})

describe('an option that may be repeated', () => {
  it('collects what it is given', () => {
    expect(collectNames('c', collectNames('a,b'))).toEqual(['a', 'b', 'c'])
    expect(collectImages('B=y', collectImages('A=x'))).toEqual({ A: 'x', B: 'y' })
    // Also under names that every object has.
    const entries = Object.entries(collectAssignments('toString=x', collectAssignments('constructor=y')))
    expect(entries.flat()).toEqual(['constructor', 'y', 'toString', 'x'])
    expect(collectLayers('b=y', collectLayers('a=x'))).toEqual({ a: ['x'], b: ['y'] })
  })

  it.each([
    ['a=x', 'a=y', collectAssignments, 'a is given twice.'],
    ['__proto__=x', '__proto__=y', collectImages, '__proto__ is given twice.'],
    ['a=x', 'a=y', collectLayers, 'a is given twice.'],
    ['x', 'y', collectLayers, ONCE],
    ['x', 'a=y', collectLayers, ONCE],
    ['a=x', 'y', collectLayers, ONCE],
  ])('refuses %s and %s', (first, second, collect, message) => {
    const add = collect as (text: string, before?: unknown) => unknown
    expect(() => add(second, add(first))).toThrow(new InvalidArgumentError(message))
  })
})
