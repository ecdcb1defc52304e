import { describe, expect, it } from 'vitest'
import { catalogEntry } from '../../src/networks/index.js'
import { PAPER_CLASSES } from '../../src/patches/cocoPatches.js'
import { isPapersStudy } from '../../src/report/paper.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { groupWith, measures } from '../support/studyGroup.js'

const published = catalogEntry('mobilenet_v2').sources[0]?.sha256 as string

/** A group of the paper's network, protocol and number of objects of each class. */
function study(changes: Partial<UnitInputs> = {}, perClass = 20, model = 'mobilenet_v2') {
  const count = perClass * PAPER_CLASSES.length
  const group = groupWith(model, [[measures.bias, Array(count).fill(0)]], { weightsSha256: published, ...changes })
  const units = group.units.map((unit, i) => ({
    ...unit,
    inputs: { ...unit.inputs, category: PAPER_CLASSES[i % PAPER_CLASSES.length] as string },
  }))
  return { ...group, units }
}

describe('the paper’s study', () => {
  it('is known by network, weights, protocol and objects', () => {
    expect(isPapersStudy(study({ stride: 1 }))).toBe(true)
    expect(isPapersStudy(study({ stride: 4 }))).toBe(false)
    for (const changes of [
      { weightsSha256: 'ab'.repeat(32) },
      { background: 'noise:1' },
      { blend: 'soft' },
      { precision: 'fp16' },
      { pool: 'mean' },
    ] as const)
      expect(isPapersStudy(study({ stride: 1, ...changes })), JSON.stringify(changes)).toBe(false)
    expect(isPapersStudy(study({ stride: 1 }, 1))).toBe(false)
    expect(isPapersStudy(study({ stride: 1 }, 20, 'mine'))).toBe(false)
  })
})
