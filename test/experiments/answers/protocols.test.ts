import { describe, expect, it } from 'vitest'
import { pixelScene } from '../../../src/engine/scene/scene.js'
import type { Seen } from '../../../src/experiments/answers/headRow.js'
import { protocolAnswers } from '../../../src/experiments/answers/protocolAnswers.js'
import { COLUMNS, type ProtocolSetting, protocolNamed } from '../../../src/experiments/answers/protocols.js'

const settingOf = (frame: number): ProtocolSetting => ({ frame, draws: 1, background: { rgb: [0, 0, 0] } })

describe('frames with an odd side', () => {
  it('hold a photograph whose half side is rounded up', async () => {
    const { count, shifts, drawing } = protocolNamed('embed')
    const setting = settingOf(29)
    const draw = await drawing(pixelScene(33, new Uint8Array(33 * 33 * 4)), setting)
    expect(draw({ rows: 14, cols: 14 })).toMatchObject({ scene: { patch: { size: 15 } }, row: 14, col: 14 })
    expect([count(setting), [...shifts(setting, Math.random)].at(-1)]).toEqual([15, { rows: 14, cols: 14 }])
  })

  it.each([
    [217, 248, 16],
    [231, 264, 16],
  ])('have their center between pixels, and take the even one: %i of %i px', (frame, _, at) => {
    expect([...protocolNamed('center').shifts(settingOf(frame), Math.random)]).toEqual([{ rows: at, cols: at }])
  })
})

it('stores for an answer its probability in the next stored frame, and the overlap with the compared one', () => {
  const protocol = { ...protocolNamed('subpixel'), count: () => 4, answers: 3, extraOf: () => undefined, extras: 0 }
  const answers = protocolAnswers(protocol, settingOf(28), COLUMNS, [1, 2])
  const [whole, half] = [[0, 0, 2, 2] as const, [0, 0, 2, 1] as const]
  const seen: Seen[] = [{ answer: 0, box: whole }, { answer: 1, box: half }, { answer: 2 }, { answer: 0, box: whole }]
  const probabilities = [
    [0.5, 0.3, 0.2],
    [0.1, 0.6, 0.3],
    [0.2, 0.1, 0.7],
    [0.9, 0.05, 0.05],
  ]
  probabilities.forEach((row, i) => {
    expect(answers.isComplete()).toBe(false)
    answers.take(Float64Array.from(row), seen[i])
  })
  expect(answers.isComplete()).toBe(true)
  expect(answers.row).toEqual(
    // Answer, probability, next, right, overlap with the first frame.
    [
      [0, 0.5, 0.1, 0.3, Number.NaN],
      [1, 0.6, 0.1, 0.6, 0.5],
      [2, 0.7, Number.NaN, 0.7, 0],
    ].flat(),
  )
})
