import { expect, it } from 'vitest'
import { photographAnswers } from '../../src/consistency/photographAnswers.js'
import { PROTOCOLS, type ProtocolName } from '../../src/consistency/protocols.js'
import { runHere } from '../support/inProcess.js'
import { randomOf } from '../support/random.js'

const setting = { frame: 224, draws: 500, background: new Uint8Array() }
const protocolOf = (name: ProtocolName) => PROTOCOLS.filter((protocol) => protocol.name === name)

function shiftsOf(name: ProtocolName) {
  const random = randomOf(1, 'shifts', 0)
  return protocolOf(name).flatMap(({ shifts }) => [...shifts(setting, () => random.below(2 ** 20) / 2 ** 20)])
}

it('shifts circularly by −32 to 31 px along each axis, and crops at offsets of 0 to 31 px', () => {
  for (const [name, least] of [['circular', -32] as const, ['crop', 0] as const])
    for (const axis of ['rows', 'cols'] as const) {
      const found = new Set(shiftsOf(name).map((shift) => shift[axis]))
      expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 - least }, (_, i) => least + i))
    }
})

it.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))(
  'describes as many frames of %s as it counts, and stores as many values as it names',
  (_, protocol) => {
    const frames = protocol.count(setting)
    expect([...protocol.shifts(setting, Math.random)].length).toBe(frames)
    const { take, values } = photographAnswers([protocol], setting)
    const stored = Array.from({ length: frames }, (_, i) => {
      expect(values()).toBeUndefined()
      return take(Float64Array.of(0.25, 0.75 - (i % 3) / 4))
    }).flat()
    expect(stored.length).toBe(protocol.kept(setting))
    expect(values()?.length).toBe(protocol.measures.length)
  },
)

it('computes measures from the answers to consecutive frames', () => {
  // Answers: 1 1 0 1, with probabilities of the two classes in quarters.
  const rows = [3, 2.5, 1, 4].map((quarters) => Float64Array.of(1 - quarters / 4, quarters / 4))
  const measured = (name: ProtocolName, frame: number) => {
    const { take, values } = photographAnswers(protocolOf(name), { frame, draws: 2, background: new Uint8Array() })
    return { stored: rows.flatMap(take), values: values() }
  }
  const stored = [1, 0.75, 0.625, 1, 0.625, 0.25, 0, 0.75, 0, 1, 1, Number.NaN]
  // Of the pairs 1 1 and 0 1, one agrees.
  expect(measured('crop', 28)).toEqual({ stored, values: [0.5] })
  // A frame of 21 px is cut out at 4 positions. Two of its three steps change the answer.
  expect(measured('diagonal', 21)).toEqual({ stored, values: [2 / 3, (0.125 + 0.375 + 0.75) / 3] })
})

it('are all named by the help', async () => {
  const { stdout } = await runHere(['consistency', '--help'])
  const option = stdout.slice(stdout.indexOf('--protocols'), stdout.indexOf('--draws'))
  for (const { name } of PROTOCOLS) expect(option).toContain(name)
})
