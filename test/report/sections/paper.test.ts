import { expect, it } from 'vitest'
import { catalogEntry } from '../../../src/networks/catalog/catalog.js'
import { PAPER_CLASSES } from '../../../src/patches/cocoPatches.js'
import { isPapersStudy } from '../../../src/report/sections/paper.js'
import type { StudyGroup } from '../../../src/results/store/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { groupWith, measures } from '../../support/studyGroup.js'

const weightsSha256 = catalogEntry('mobilenet_v2').sources[0]?.sha256 as string
const [unit] = groupWith('mobilenet_v2', [[measures.bias, [0]]], { weightsSha256, stride: 1 }).units

/** A group of the paper's network and protocol, with so many objects of each of these classes. */
function study(changes: Partial<UnitInputs> = {}, perClass = 20, classes: readonly string[] = PAPER_CLASSES) {
  const categories = classes.flatMap((category) => Array<string>(perClass).fill(category))
  const units = categories.map((category) => ({ ...unit, inputs: { ...unit?.inputs, category, ...changes } }))
  const { model = 'mobilenet_v2', stride = 1 } = changes
  return { model, stride, units } as unknown as StudyGroup
}

it.each<[string, StudyGroup]>([
  ['another stride', study({ stride: 4 })],
  ['other weights', study({ weightsSha256: 'ab'.repeat(32) })],
  ['another background', study({ background: 'noise:1' })],
  ['another blend', study({ blend: 'soft' })],
  ['another precision', study({ precision: 'fp16' })],
  ['pooled maps', study({ pool: 'mean' })],
  ['another input', study({ input: 'clip' })],
  ['fewer objects', study({}, 19)],
  ['more objects', study({}, 20, [...PAPER_CLASSES, 'zebra crossing'])],
  ['another class', study({}, 20, [...PAPER_CLASSES.slice(1), 'zebra crossing'])],
  ['a network that is not in the catalog', study({ model: 'mine' })],
  ['no objects', study({}, 0)],
])('the paper’s study is not one with %s', (_, other) => {
  expect(isPapersStudy(study())).toBe(true)
  expect(isPapersStudy(other)).toBe(false)
})
