import { expect, it } from 'vitest'
import { imagenetClasses } from '../../src/networks/index.js'

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
