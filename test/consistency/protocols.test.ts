import { expect, it } from 'vitest'
import { photographAnswers } from '../../src/consistency/photographAnswers.js'
import { PROTOCOLS, type ProtocolName, withBoxes } from '../../src/consistency/protocols.js'
import { sourceSide } from '../../src/patches/photographs.js'
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
    return { stored: rows.flatMap((row) => take(row)), values: values() }
  }
  const stored = [1, 0.75, 0.625, 1, 0.625, 0.25, 0, 0.75, 0, 1, 1, Number.NaN]
  // Of the pairs 1 1 and 0 1, one agrees.
  expect(measured('crop', 28)).toEqual({ stored, values: [0.5] })
  // A frame of 21 px is cut out at 4 positions. Two of its three steps change the answer.
  expect(measured('diagonal', 21)).toEqual({ stored, values: [2 / 3, (0.125 + 0.375 + 0.75) / 3] })
})

it('measure how well a detector’s boxes fit after the shift is taken back', () => {
  const boxes = [[0, 0, 10, 10], [5, 0, 15, 10], undefined, undefined] as const
  const frames = boxes.map((box) => ({ answer: box ? 1 : 2, ...(box && { box }) }))
  const protocols = protocolOf('diagonal').map(withBoxes)
  // A frame of 21 px is cut out at 4 positions.
  const { take, values } = photographAnswers(protocols, { frame: 21, draws: 2, background: new Uint8Array() })
  const stored = frames.flatMap((frame) => take(Float64Array.of(0.25, 0.5), frame))
  // Where it sees nothing, its answer has the best score.
  expect(stored).toEqual([1, 0.5, 0.5, 1, 0.5, 0.5, 2, 0.5, 0.5, 2, 0.5, Number.NaN])
  // The overlap is 1/3, then 0 as the box is lost, then 1 as nothing is seen twice.
  expect(values()).toEqual([1 / 3, 0, expect.closeTo((1 / 3 + 0 + 1) / 3, 12)])
})

it('tell by their direction where a pixel of the photograph is in a frame', () => {
  const side = sourceSide(setting.frame)
  // Each pixel's red tells its column, and its green its row.
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    return [pixel % side, Math.floor(pixel / side), 0][i % 3] as number
  })
  const memory = () => ({ bytes: () => new Uint8Array(setting.frame ** 2 * 3), floats: () => new Float32Array() })
  for (const name of ['crop', 'diagonal', 'circular'] as const) {
    const [protocol] = protocolOf(name) as [(typeof PROTOCOLS)[number]]
    const draw = protocol.drawing({ rows: side, cols: side, data }, setting)
    const redAt = (shift: { rows: number; cols: number }, col: number) => draw(shift, memory())[col * 3] as number
    // The picture's middle moves by the shift, or against it.
    const middle = setting.frame / 2
    expect(redAt({ rows: 0, cols: 3 }, middle + (protocol.movesFrame ? -3 : 3)), name).toBe(
      redAt({ rows: 0, cols: 0 }, middle),
    )
  }
})

it('are all named by the help', async () => {
  const { stdout } = await runHere(['consistency', '--help'])
  const option = stdout.slice(stdout.indexOf('--protocols'), stdout.indexOf('--draws'))
  for (const { name } of PROTOCOLS) expect(option).toContain(name)
})
