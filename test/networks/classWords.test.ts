import { describe, expect, it } from 'vitest'
import { imagenetClasses, imagenetWnids } from '../../src/networks/classes/imagenet.js'
import { classesOfObject, classFinder, classSet, isRightAnswer } from '../../src/networks/classes/words.js'

const imagenet = imagenetClasses()

it("knows the identifiers of ImageNet's classes in their order", () => {
  const wnids = imagenetWnids()
  expect(wnids).toHaveLength(1000)
  expect(wnids).toEqual([...new Set(wnids)].sort())
  expect(wnids.every((wnid) => /^n\d{8}$/.test(wnid))).toBe(true)
  const known = { n01440764: 'tench', n02085620: 'Chihuahua', n02123045: 'tabby', n02012849: 'crane bird' }
  for (const [wnid, name] of Object.entries(known)) expect(imagenet[wnids.indexOf(wnid)]).toBe(name)
  expect(imagenet[wnids.indexOf('n15075141')]).toBe('toilet tissue')
})

describe('a class of ImageNet', () => {
  const find = classFinder(imagenet)
  it.each([
    ['its index', '281', [[281]]],
    ['its last index', '999', [[999]]],
    ['no index', '1000', []],
    ['no index', '-1', []],
    ['no index', '99999999999999999999', []],
    ['its name', 'tabby', [[281]]],
    ['its name in other letters', 'TaBBy', [[281]]],
    ['its name with underscores', 'great_white_shark', [[2]]],
    ['its name before synonyms', 'tabby, tabby cat', [[281]]],
    ['its name after a synonym', 'tiger cat of the house, tabby', [[281]]],
    ['its identifier', 'n02123045', [[281]]],
    ['its identifier in other letters', 'N02123045', [[281]]],
    ['no identifier', 'n02123046', []],
    ['one of two names that differ in case', 'Cardigan', [[264]]],
    ['the other of two names that differ in case', 'cardigan', [[474]]],
    ['two names that differ in case', 'CARDIGAN', [[264], [474]]],
    ['one name, though it is a category, too', 'laptop', [[620]]],
    ['nothing', '', []],
    ['nothing', 'constructor', []],
  ])('is found by %s: %s', (_, word, meanings) => {
    expect(find(word)).toEqual(meanings)
  })

  it('is right for a category of the paper', () => {
    expect(find('dog')).toEqual([Array.from({ length: 118 }, (_, i) => 151 + i)])
    expect(find('airplane')).toEqual([[404, 895]])
  })

  it('comes after the background in a network of 1001 classes', () => {
    const later = classFinder(['background', ...imagenet])
    expect(['883', 'vase', 'n04522168', 'n01440764', '0', '999', '1000', 'background'].map(later)).toEqual([
      ...[[[884]], [[884]], [[884]], [[1]], [[1]], [[1000]], [], [[0]]],
    ])
  })
})

describe('a class of another list', () => {
  it('is found by the identifier where the list has identifiers, or names of ImageNet', () => {
    expect(classFinder(['n02123045', 'n01440764'])('n01440764')).toEqual([[1]])
    expect(classFinder(['English springer', 'tench'])('n01440764')).toEqual([[1]])
    expect(classFinder([...imagenetWnids()])('n01440764')).toEqual([[0]])
    expect(classFinder(['background', ...imagenetWnids()])('0')).toEqual([[1]])
  })

  it('is found by any synonym, but rather by the first', () => {
    const find = classFinder(['missile', 'projectile, missile', 'tabby, tabby cat', 'tiger cat, cat'])
    expect(['missile', 'projectile', 'tabby cat', 'Tabby_Cat', 'tabby, tabby cat', 'cat'].map(find)).toEqual([
      ...[[[0]], [[1]], [[2]], [[2]], [[2]], [[3]]],
    ])
    expect(classFinder(['a, c', 'b, c'])('c')).toEqual([[0], [1]])
  })

  it('has the index of the output, also in a list of 1000 or 1001', () => {
    expect(classFinder(['cat', 'dog'])('1')).toEqual([[1]])
    for (const length of [1000, 1001]) {
      const find = classFinder(Array.from({ length }, (_, i) => `class ${i}`))
      expect([find('0'), find('999'), find(`${length}`)]).toEqual([[[0]], [[999]], []])
    }
  })

  it("has ImageNet's index if most names are ImageNet's", () => {
    const similar = ['background', ...imagenet.map((name, i) => (i % 3 === 0 ? `${name} of another list` : name))]
    expect(classFinder(similar)('281')).toEqual([[282]])
  })

  it('has two meanings if an index is the name of another class', () => {
    expect(classFinder(['0', '1', '2'])('2')).toEqual([[2]])
    expect(classFinder(['1', '2', '0'])('2')).toEqual([[2], [1]])
  })

  it('is right for a category without such a name', () => {
    expect(classFinder(['cat-face', 'dog-face', 'poodle'])('dog')).toEqual([[1, 2]])
    expect(classFinder(['dog', 'dog-face'])('dog')).toEqual([[0]])
    expect(classFinder(['cat-face'])('dog')).toEqual([])
  })
})

it.each([
  ['all classes of a category', 'laptop', imagenet, [620, 681]],
  ['a class by its name', 'coffee mug', imagenet, [504]],
  ['a class by its first synonym', 'coffee mug', ['bowl', 'coffee mug, cup'], [1]],
  ['no class of a category that the network does not know', 'zebra', ['cat', 'dog'], undefined],
  ['nothing without a word', '', imagenet, undefined],
  ['no class by its index', '1', ['cat', 'dog'], undefined],
  ['a class whose name is a number', '2', ['1', '2', '0'], [1]],
  ['all classes with the name', 'c', ['a, c', 'b, c', 'd'], [0, 1]],
])('finds as right for an object %s, and so judges answers', (_, word, names, right) => {
  expect(classesOfObject(word, names)).toEqual(right)
  for (const i of [0, 1, ...(right ?? [])])
    expect(isRightAnswer(word, names[i] as string, names)).toBe(right ? right.includes(i) : null)
})

it('compares the classes of networks, whatever their order and spelling', () => {
  expect(classSet(imagenet)).toBe('ImageNet')
  expect(classSet(['background', ...imagenet.map((name) => name.toUpperCase())])).toBe('ImageNet')
  expect(classSet(['Ant', 'fire_ant, red ant'])).toBe(classSet(['fire ant', 'ant']))
  expect(classSet(['ant', 'bee'])).not.toBe(classSet(['ant', 'cat']))
  expect(classSet(['class 0', 'class 1'])).toBeUndefined()
})
