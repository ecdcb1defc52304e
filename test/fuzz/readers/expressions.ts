import { parseDevice } from '../../../src/engine/device.js'
import { expressionText, namesOf, parseExpression } from '../../../src/experiments/expression.js'
import { parseScene, sceneText } from '../../../src/experiments/objectScene.js'
import { parseHubReference } from '../../../src/networks/hub/reference.js'
import { parseColour } from '../../../src/patches/background.js'
import { oddText } from '../documents.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import { messageFaults, type Reader } from '../reader.js'

const words = [
  'A',
  'B',
  '_x1',
  '+',
  '-',
  '−',
  '*',
  '(',
  ')',
  ' ',
  '0.5',
  '2',
  '1000',
  '.5',
  '1e3',
  '9999999999',
  '\n',
  'é',
  '💥',
]
const kinds: Readonly<Record<string, (text: string) => unknown>> = {
  expression: readExpression,
  scene: (text) => parseScene(sceneText(parseScene(text, 75)), 75),
  reference: parseHubReference,
  colour: parseColour,
  device: parseDevice,
}

/** Small languages: sums of images, scenes of patches, names of models of the hub, of colours and of devices. */
export const expressions: Reader = {
  name: 'expressions',
  open: () => ({
    draw: (random) => {
      const kind = random.pick(['expression', 'expression', ...Object.keys(kinds)])
      return { kind, files: { 'case.txt': drawText(random, kind) } }
    },
    read: async ({ kind, files }) => {
      const read = kinds[kind] as (text: string) => unknown
      const result = read(files['case.txt'] as string)
      return kind === 'expression' ? messageFaults(result as string) : []
    },
  }),
}

function readExpression(text: string): string {
  const terms = parseExpression(text)
  const names = terms.map(({ name }) => name)
  namesOf(terms, names)
  if (!terms.every(({ coefficient }) => Number.isFinite(coefficient))) return ''
  return names.length > 100 ? names.length.toString() : expressionText(terms)
}

function drawText(random: Random, kind: string): string {
  if (random.chance(0.05)) return oddText(random)
  const text = drawn[kind]?.(random) ?? ''
  if (random.chance(0.7)) return text
  return mutate(Buffer.from(text), random, [Buffer.from(words.join(''))]).toString(
    random.chance(0.8) ? 'utf8' : 'latin1',
  )
}

const drawn: Readonly<Record<string, (random: Random) => string>> = {
  expression: (random) =>
    random.chance(0.5) ? drawSum(random, 4) : random.several(30, () => random.pick(words)).join(''),
  scene: (random) =>
    random
      .several(4, () => {
        const size = random.chance(0.5) ? `:${random.below(300)}` : ''
        return `${random.pick(['dog', 'a b', 'x:1', '@', ''])}${size}@${random.below(300) - 20},${random.below(300)}`
      })
      .join(random.pick([' ', '+', ' + ', ''])),
  reference: (random) => {
    const revision = random.chance(0.5) ? `@${random.pick(['main', 'refs/pr/1', 'v1.0', '..', 'a b', ''])}` : ''
    const file = random.chance(0.5)
      ? `:${random.pick(['model.onnx', 'onnx/model.onnx', '../x.onnx', '/x.onnx', 'x', ''])}`
      : ''
    return `hf:${random.pick(['owner', 'a-b.c', '-', ''])}/${random.pick(['name', 'resnet-50', '..', ''])}${revision}${file}`
  },
  colour: (random) => random.pick(['white', '#ffffff', '#FFF', '#12345g', 'noise:1', '#00000']),
  device: (random) =>
    `${random.pick(['cpu', 'cuda', 'webgpu', 'auto', 'CUDA', ''])}${random.pick(['', ':0', ':999', ':-1', ':x', ':1000'])}`,
}

function drawSum(random: Random, depth: number): string {
  const operand = (): string => {
    if (depth > 0 && random.chance(0.3)) return `(${drawSum(random, depth - 1)})`
    const name = random.pick(['A', 'B', 'C', 'dog_1'])
    return random.chance(0.3) ? `${random.pick(['0.5', '2', '.25', '1000', '0', '1001'])} * ${name}` : name
  }
  return [operand(), ...random.several(4, () => `${random.pick([' + ', ' - ', ' − ', '-', ' - -'])}${operand()}`)].join(
    '',
  )
}
