import { describe, expect, it } from 'vitest'
import { findingsOf } from '../../../src/report/findings/findings.js'
import { leadOf } from '../../../src/report/findings/lead.js'
import { groupOf } from '../../support/siteIndex.js'
import { around, groupWith, measures } from '../../support/studyGroup.js'

describe('a study without classes', () => {
  const index = { groups: [groupOf({ key: 0, model: 'net' })] }
  /** Findings of networks whose features change with the position where their similarity is low. */
  const findingsFor = (...similarities: readonly number[]) =>
    findingsOf(
      similarities.map((one, i) => groupWith(`net${'x'.repeat(i)}`, [[measures.reached, around(one)]])),
      [],
    )

  it.each([
    [[0.8, 0.7], 'netx', '0.400 (1 is no change, 0 is another object).'],
    [[0.4, 0.7], 'net', '−0.200, as low as between different objects.'],
  ])('opens at the lowest similarity, of %j', (similarities, model, low) => {
    const lead = leadOf(index, findingsFor(...similarities))
    expect(lead?.sentence).toBe(`In ${model} fc, the relative similarity of a moved object can fall to ${low}`)
    expect(lead?.link).toMatch(`#network=${model}&with=&layer=fc&`)
  })

  it('says nothing if no similarity is low', () => {
    expect(leadOf(index, findingsFor(0.99))).toBeUndefined()
    expect(leadOf(index, [])).toBeUndefined()
  })
})
