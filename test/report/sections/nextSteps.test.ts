import { describe, expect, it } from 'vitest'
import type { SiteIndex, SiteUnit } from '../../../src/page/site/siteIndex.js'
import { nextSection } from '../../../src/report/sections/nextSteps.js'

const answer = (probability: number) => ({
  center: { name: 'dog', probability, isRight: true },
  agreement: 1,
  frequent: [],
  changed: 0,
})

/** The commands for a study of these networks, which all have these units. */
function commandsOf(models: readonly string[], units: readonly Partial<SiteUnit>[]): readonly string[] {
  const groups = models.map((model) => ({ model, units }))
  const { html } = nextSection({ groups } as unknown as SiteIndex, false)
  return [...html.matchAll(/<code>(.*?)<\/code>/g)].map(([, command]) => command as string)
}

const named = (count: number, probability: number) =>
  Array.from({ length: count }, (_, i) => ({ patch: `object ${i}`, answer: answer(probability) }))

describe('what to do next', () => {
  it('begins with what the study lacks', () => {
    expect(commandsOf(['a'], named(1, 0.9))).toEqual([
      'shiftscope reproduce --patches FOLDER',
      'shiftscope reproduce --models mine=old.onnx,new=new.onnx',
      'shiftscope explore',
      'shiftscope consistency PHOTOGRAPHS --models NETWORK',
      'shiftscope compare BEFORE AFTER --max-worse answer-agreement=0.1',
    ])
    expect(commandsOf(['a', 'b'], named(5, 0.49))[0]).toBe('shiftscope reproduce --patches FOLDER --sizes 125')
    expect(commandsOf(['a', 'b'], named(5, 0.9))[0]).toBe('shiftscope explore')
  })

  it('says nothing about confidence where the answers are not known', () => {
    expect(
      commandsOf(
        ['a', 'b'],
        [1, 2, 3, 4, 5].map((i) => ({ patch: String(i) })),
      ),
    ).toHaveLength(3)
  })
})
