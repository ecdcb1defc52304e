import { call, global, integer, op, text, tuple } from '../support/torchFile.js'
import { amplify } from './mutation.js'
import type { Random } from './random.js'

/** Storages of a drawn pickle by key, and their number of float32 elements. */
export const storageElements = { 0: 4, 1: 24 } as const

/** Module and name. */
type Name = readonly [string, string]

const allowed: readonly Name[] = [
  ['collections', 'OrderedDict'],
  ['torch._utils', '_rebuild_tensor'],
  ['torch._utils', '_rebuild_tensor_v2'],
  ['torch._utils', '_rebuild_parameter'],
  ['torch.nn.parameter', 'Parameter'],
  ['torch', 'FloatStorage'],
  ['torch', 'LongStorage'],
  ['torch', 'HalfStorage'],
]
const refused: readonly Name[] = [
  ['os', 'system'],
  ['builtins', 'eval'],
  ['torch', 'load'],
]

/** Opcodes of all protocols of pickle, so also those that are refused. */
const opcodes = [...'.0N()2]}IJKLMTUXVSGFRabcdeghijlopqrstuQP'].map((character) => character.charCodeAt(0))
const laterOpcodes = Array.from({ length: 0x99 - 0x80 }, (_, i) => 0x80 + i)

/** A pickle: a state dict of values as they occur or nearly so, or opcodes in any order. */
export function drawPickle(random: Random): Buffer {
  const body = random.chance(0.2) ? drawOpcodes(random) : drawStateDict(random)
  const disturbed = random.chance(0.3) ? disturb(body, random) : body
  const large = random.chance(0.02) ? amplify(disturbed, random) : disturbed
  return Buffer.concat([op('\x80\x02'), large, random.chance(0.95) ? op('.') : Buffer.alloc(0)])
}

function drawOpcodes(random: Random): Buffer {
  const parts = Array.from({ length: 1 + random.below(200) }, () => {
    const opcode = Buffer.from([random.chance(0.9) ? random.pick(opcodes) : random.pick(laterOpcodes)])
    return random.chance(0.5) ? drawValue(random, 2) : Buffer.concat([opcode, random.bytes(random.below(5))])
  })
  return Buffer.concat(parts)
}

function drawStateDict(random: Random): Buffer {
  const items = Array.from({ length: random.below(6) }, (_, i) => {
    const value = random.chance(0.7) ? drawTensor(random) : drawValue(random, 4)
    return Buffer.concat([random.chance(0.9) ? text(`layer.${i}.weight`) : drawValue(random, 1), value])
  })
  const dict = Buffer.concat([
    random.chance(0.5) ? op('}') : call('collections', 'OrderedDict', []),
    op('('),
    ...items,
    op('u'),
  ])
  if (random.chance(0.8)) return dict
  return Buffer.concat([op('}'), text('state_dict'), dict, op('s')])
}

/** Something between a real tensor and nonsense. */
function drawTensor(random: Random): Buffer {
  const key = random.pick(['0', '1', '1', '2', '../0'])
  const elements = storageElements[key as unknown as 0 | 1] ?? 4
  const size = () => integer(random.chance(0.9) ? random.below(5) : random.below(2 ** 32) - 2 ** 31)
  const count = () => (random.chance(0.9) ? integer(elements) : drawValue(random, 0))
  const persistentId = tuple([text('storage'), global('torch', 'FloatStorage'), text(key), text('cpu'), count()])
  const axes = random.below(4)
  const sizes = () => tuple(Array.from({ length: axes + (random.chance(0.05) ? 1 : 0) }, size))
  const storage = random.chance(0.95) ? Buffer.concat([persistentId, op('Q')]) : drawValue(random, 2)
  const args = [storage, size(), sizes(), sizes(), op('\x89'), call('collections', 'OrderedDict', [])]
  const tensor = call('torch._utils', '_rebuild_tensor_v2', args)
  return random.chance(0.2) ? call('torch._utils', '_rebuild_parameter', [tensor, op('\x88'), op('}')]) : tensor
}

function drawValue(random: Random, depth: number): Buffer {
  const several = () => Array.from({ length: random.below(4) }, () => drawValue(random, depth - 1))
  const leaf = [
    () => op('N'),
    () => op('\x88'),
    () => integer(random.below(100)),
    () => Buffer.concat([op('\x8a'), Buffer.from([random.below(20)]), random.bytes(random.below(20))]),
    () => Buffer.concat([op('G'), random.bytes(8)]),
    () => text(random.bytes(random.below(10)).toString('latin1')),
    () => Buffer.concat([op('q'), Buffer.from([random.below(10)])]),
    () => Buffer.concat([op('h'), Buffer.from([random.below(10)])]),
    () => global(...(random.chance(0.95) ? random.pick(allowed) : random.pick(refused))),
  ]
  const nested = [
    () => tuple(several()),
    () => Buffer.concat([op(']('), ...several(), op('e')]),
    () => Buffer.concat([op('}('), ...several(), ...several(), op('u')]),
    () => calling(random.pick(allowed), several()),
    () => Buffer.concat([drawValue(random, depth - 1), drawValue(random, depth - 1), op('b')]),
    () => Buffer.concat([drawValue(random, depth - 1), op('Q')]),
    () => drawTensor(random),
  ]
  return random.pick(depth > 0 && random.chance(0.6) ? nested : leaf)()
}

function disturb(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const opcode = Buffer.from([random.pick(random.chance(0.8) ? opcodes : laterOpcodes)])
  return Buffer.concat([bytes.subarray(0, at), opcode, bytes.subarray(at + random.below(2))])
}

function calling([module, name]: Name, args: readonly Buffer[]): Buffer {
  return call(module, name, args)
}
