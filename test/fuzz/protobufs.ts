import { amplify, oddNumber, varint } from './mutation.js'
import type { Random } from './random.js'

/** Locations of data beside a model, few of them in order; `link` leads out of the folder in which cases run. */
const locations = [
  'data.bin',
  './data.bin',
  'sub/../data.bin',
  '../secret',
  '/etc/passwd',
  'link',
  'up/secret',
  'none',
  '',
  '.',
]

function field(random: Random, number: number, payload: Buffer): Buffer {
  const content = random.chance(0.001) ? amplify(payload, random) : payload
  const length = random.chance(0.995) ? BigInt(content.length) : oddNumber(random, content.length)
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(length), content])
}

function integerField(random: Random, number: number, value: number): Buffer {
  const written = random.chance(0.98) ? BigInt(value) : oddNumber(random, value)
  return Buffer.concat([varint(BigInt(number * 8)), varint(written)])
}

function textField(random: Random, number: number, value: string): Buffer {
  return field(random, number, Buffer.from(value))
}

function packedField(random: Random, number: number, values: readonly number[]): Buffer {
  return field(random, number, Buffer.concat(values.map((value) => varint(BigInt(value)))))
}

function several(random: Random, limit: number, make: () => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: random.below(limit + 1) }, make))
}

/** A Caffe model, mostly in order. */
export function drawCaffeModel(random: Random): Buffer {
  const layers = Array.from({ length: 1 + random.below(3) }, (_, i) => {
    const [number, name, blobs] = random.chance(0.5) ? ([100, 1, 7] as const) : ([2, 4, 6] as const)
    const parts = [textField(random, name, random.chance(0.95) ? `layer${i}` : 'layer0')]
    for (let count = random.below(4); count > 0; count--) parts.push(field(random, blobs, drawBlob(random)))
    return field(random, number, Buffer.concat(random.chance(0.2) ? parts.reverse() : parts))
  })
  return Buffer.concat([textField(random, 1, 'net'), ...layers])
}

function drawBlob(random: Random): Buffer {
  const shape = Array.from({ length: random.below(5) }, () => random.below(5))
  const count = shape.reduce((product, size) => product * size, 1) + (random.chance(0.05) ? 1 : 0)
  const isDouble = random.chance(0.2)
  const number = isDouble ? 8 : 5
  const width = isDouble ? 8 : 4
  const unpacked = () => Buffer.concat([Buffer.from([number * 8 + (isDouble ? 1 : 5)]), Buffer.alloc(width)])
  const elements = random.chance(0.5)
    ? field(random, number, Buffer.alloc(count * width))
    : Buffer.concat(Array.from({ length: count }, unpacked))
  const legacy = () => Buffer.concat(shape.map((size, axis) => integerField(random, axis + 1, size)))
  return Buffer.concat([elements, random.chance(0.2) ? legacy() : field(random, 7, packedField(random, 1, shape))])
}

/** An ONNX model without sense, but with all parts that a reader looks at, nested and with data beside it. */
export function drawOnnx(random: Random): Buffer {
  const graph = drawGraph(random, 3)
  const rest = random.chance(0.1) ? field(random, random.pick([20, 25]), drawGraph(random, 1)) : Buffer.alloc(0)
  const property = () =>
    field(
      random,
      14,
      Buffer.concat([
        textField(random, 1, random.pick(['encoder', 'layer', 'classes'])),
        textField(random, 2, random.pick(['tiny-alexnet', 'fc6', ''])),
      ]),
    )
  return Buffer.concat([integerField(random, 1, 8), field(random, 7, graph), several(random, 3, property), rest])
}

function drawGraph(random: Random, depth: number): Buffer {
  return Buffer.concat([
    several(random, 4, () => field(random, 1, drawNode(random, depth))),
    several(random, 3, () => field(random, 5, drawTensor(random))),
    several(random, 1, () => field(random, 15, field(random, 1, drawTensor(random)))),
    several(random, 2, () => field(random, 11, drawInfo(random))),
    field(random, 12, drawInfo(random)),
  ])
}

function drawNode(random: Random, depth: number): Buffer {
  const attribute = () => {
    const number = random.pick([5, 6, 10, 11, 22])
    const isGraph = number === 6 || number === 11
    return field(
      random,
      5,
      field(
        random,
        number,
        isGraph ? (depth > 0 ? drawGraph(random, depth - 1) : Buffer.alloc(0)) : drawTensor(random),
      ),
    )
  }
  const names = (number: number) => several(random, 2, () => textField(random, number, `tensor${random.below(5)}`))
  return Buffer.concat([names(1), names(2), textField(random, 4, 'Conv'), several(random, 2, attribute)])
}

function drawTensor(random: Random): Buffer {
  const entry = (key: string, value: string) =>
    field(random, 13, Buffer.concat([textField(random, 1, key), textField(random, 2, value)]))
  const number = () => (random.chance(0.8) ? String(random.below(20)) : String(oddNumber(random, 64)))
  const external = Buffer.concat([
    several(random, 1, () => entry('location', random.chance(0.6) ? 'data.bin' : random.pick(locations))),
    several(random, 1, () => entry('offset', random.chance(0.9) ? number() : '-1')),
    several(random, 1, () => entry('length', random.chance(0.9) ? number() : 'x')),
  ])
  const shape = Array.from({ length: random.below(4) }, () => random.below(4))
  const start = [packedField(random, 1, shape), integerField(random, 2, random.below(12))]
  return Buffer.concat([
    ...start,
    textField(random, 8, `tensor${random.below(5)}`),
    random.chance(0.4) ? external : Buffer.alloc(0),
  ])
}

function drawInfo(random: Random): Buffer {
  const dimension = () =>
    field(random, 1, random.chance(0.6) ? integerField(random, 1, random.below(300)) : textField(random, 2, 'N'))
  const shape = field(random, 2, several(random, 5, dimension))
  const type = field(random, 1, Buffer.concat([integerField(random, 1, random.below(13)), shape]))
  return Buffer.concat([textField(random, 1, random.pick(['image', 'tensor1', 'features'])), field(random, 2, type)])
}
