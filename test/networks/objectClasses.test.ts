import { describe, expect, it } from 'vitest'
import { imagenetClasses } from '../../src/networks/classes/imagenet.js'
import { isRightAnswer } from '../../src/networks/classes/words.js'

it("knows ImageNet's classes in their order", () => {
  const classes = imagenetClasses()
  expect(new Set(classes).size).toBe(1000)
  expect([0, 134, 151, 340, 517, 950, 999].map((i) => classes[i])).toEqual([
    'tench',
    'crane bird',
    'Chihuahua',
    'zebra',
    'crane',
    'orange',
    'toilet tissue',
  ])
})

describe('an answer', () => {
  const imagenet = imagenetClasses()

  it.each([
    ['dog', imagenet[151], true],
    ['dog', imagenet[268], true],
    ['dog', 'timber wolf', false],
    ['bird', 'crane bird', true],
    ['car', 'passenger car', false],
    ['airplane', 'airliner', true],
    ['laptop', 'notebook', true],
    ['chair', 'rocking chair', null],
    ['constructor', 'airliner', null],
    [null, 'airliner', null],
  ])('about a %s that is “%s” is right: %s', (category, answer, right) => {
    expect(isRightAnswer(category, answer as string, imagenet)).toBe(right)
  })

  it('is neither right nor wrong in a network without a class for the object', () => {
    expect(isRightAnswer('zebra', 'cat', ['cat', 'dog'])).toBeNull()
    expect(isRightAnswer('dog', 'cat', ['cat', 'dog'])).toBe(false)
  })

  it.each([
    ['Labrador retriever', 'Labrador retriever', true],
    ['labrador_retriever', 'Labrador retriever', true],
    ['Labrador retriever', 'golden retriever', false],
    ['retriever', 'Labrador retriever', null],
    ['208', 'Labrador retriever', null],
  ])('about an object of the class %s that is “%s” is right: %s', (name, answer, right) => {
    expect(isRightAnswer(name, answer, imagenet)).toBe(right)
  })

  it('is told by the first of several names of a class', () => {
    expect(isRightAnswer('dog', 'Chihuahua, a small dog', ['Chihuahua, a small dog'])).toBe(true)
  })
})
