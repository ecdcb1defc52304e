import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { writeGraphCopy } from '../../../src/onnx/format/graphCopy.js'
import type { GraphConstant, GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import { type Attribute, writeModel } from '../../../src/onnx/format/onnxModel.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { linksOf } from '../../../src/onnx/graph/links.js'
import { SHAPES } from '../../../src/onnx/graph/shapes.js'
import { randomCases } from '../../support/randomCases.js'
import { graphNode, node, weightsOf } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const IMAGE = { name: 'image', rows: 8, cols: 8 }

type Attributes = Parameters<typeof graphNode>[3]

const of = (...shape: readonly number[]): GraphConstant => ({ shape, type: 1, values: null })
const integers = (...values: readonly number[]): GraphConstant => ({ shape: [values.length], type: 7, values })
const number = (value: number): GraphConstant => ({ shape: [], type: 1, values: [value] })

/** What the analysis knows of the outputs `0`, `1`, … of a single node. */
function outputsOf(operator: string, attributes: Attributes, inputs: readonly GraphConstant[], outputs = 1) {
  const names = Array.from({ length: outputs }, (_, i) => String(i))
  const given = inputs.map((tensor, i) => [`input${i}`, tensor] as const)
  const one = {
    ...graphNode(
      operator,
      given.map(([name]) => name),
      '0',
      attributes,
    ),
    outputs: names,
  }
  const graph = { nodes: [one], constants: new Map(given), operatorSet: 17 }
  const { tensors } = analysedGraph(graph, IMAGE)
  return names.map((name) => tensors.get(name))
}

const MAP = of(2, 3, 8, 6)
const TOKENS = of(2, 5, 4)
const words = (text: string) => text.split(' ')

const KEEPING = words(
  'Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh CumSum DequantizeLinear Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not PRelu QuantizeLinear RMSNormalization RandomNormalLike RandomUniformLike Reciprocal Relu Round ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Trilu',
)
const PAIRS = words(
  'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor',
)
const REDUCING = words(
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
)

/** An operator, its attributes and its inputs, then what it makes of them. */
type Case = [string, Attributes, readonly GraphConstant[], ...(readonly number[])[]]

const CASES: readonly Case[] = [
  ...KEEPING.map((operator): Case => [operator, {}, [MAP], [2, 3, 8, 6]]),
  ['Dropout', {}, [MAP], [2, 3, 8, 6], [2, 3, 8, 6]],
  ...PAIRS.map((operator): Case => [operator, {}, [of(3, 1, 6), MAP], [2, 3, 8, 6]]),
  ['Where', {}, [of(8, 1), of(6), of(2, 3, 1, 1)], [2, 3, 8, 6]],
  ...REDUCING.flatMap((operator): Case[] => [
    [operator, { axes: [-1, 1] }, [MAP], [2, 1, 8, 1]],
    [operator, { keepdims: 0 }, [MAP, integers(2, 3)], [2, 3]],
    [operator, {}, [MAP], [1, 1, 1, 1]],
    [operator, { noop_with_empty_axes: 1 }, [MAP], [2, 3, 8, 6]],
  ]),
  ...['ArgMax', 'ArgMin'].flatMap((operator): Case[] => [
    [operator, { axis: -1, keepdims: 0 }, [MAP], [2, 3, 8]],
    [operator, {}, [MAP], [1, 3, 8, 6]],
  ]),
  ...words('GlobalAveragePool GlobalLpPool GlobalMaxPool').map((operator): Case => [operator, {}, [MAP], [2, 3, 1, 1]]),
  ['Conv', { strides: [2, 1], pads: [1, 1, 1, 1] }, [MAP, of(5, 3, 3, 3)], [2, 5, 4, 6]],
  ['Conv', { group: 3 }, [MAP, of(6, 1, 1, 1)], [2, 6, 8, 6]],
  ['ConvInteger', { dilations: [2, 1] }, [MAP, of(5, 3, 3, 3)], [2, 5, 4, 4]],
  ['QLinearConv', {}, [MAP, number(1), number(0), of(5, 3, 1, 1)], [2, 5, 8, 6]],
  ...words('AveragePool LpPool MaxPool').flatMap((operator): Case[] => [
    [operator, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }, [MAP], [2, 3, 4, 3]],
    [operator, { kernel_shape: [2, 2], strides: [2, 2] }, [MAP], [2, 3, 4, 3]],
  ]),
  ['MaxPool', { kernel_shape: [2, 2] }, [MAP], [2, 3, 7, 5], [2, 3, 7, 5]],
  ['ConvTranspose', { strides: [2, 2], pads: [1, 1, 1, 1] }, [MAP, of(3, 5, 4, 4)], [2, 5, 16, 12]],
  ['ConvTranspose', { group: 3, output_padding: [1, 0] }, [MAP, of(3, 2, 2, 2)], [2, 6, 10, 7]],
  ['ConvTranspose', { auto_pad: 'SAME_UPPER', strides: [3, 2] }, [MAP, of(3, 5, 4, 4)], [2, 5, 24, 12]],
  ['ConvTranspose', { output_shape: [20, 20] }, [MAP, of(3, 5, 4, 4)], [2, 5, 20, 20]],
  ...['MatMul', 'MatMulInteger'].flatMap((operator): Case[] => [
    [operator, {}, [TOKENS, of(4, 7)], [2, 5, 7]],
    [operator, {}, [of(2, 1, 5, 4), of(3, 4, 7)], [2, 3, 5, 7]],
    [operator, {}, [of(4), of(2, 4, 7)], [2, 7]],
    [operator, {}, [TOKENS, of(4)], [2, 5]],
  ]),
  ['QLinearMatMul', {}, [of(5, 4), number(1), number(0), of(4, 7)], [5, 7]],
  ['Gemm', {}, [of(2, 4), of(4, 7), of(7)], [2, 7]],
  ['Gemm', { transA: 1, transB: 1 }, [of(4, 2), of(7, 4)], [2, 7]],
  ['Einsum', { equation: 'bij, kj -> bki' }, [TOKENS, of(9, 4)], [2, 9, 5]],
  ['Constant', { value_ints: [4, 5] }, [], [2]],
  ['Constant', { value_int: 4 }, [], []],
  ['ConstantOfShape', {}, [integers(2, 0, 3)], [2, 0, 3]],
  ['Shape', {}, [MAP], [4]],
  ['Shape', { start: 1, end: -1 }, [MAP], [2]],
  ['Range', {}, [number(1), number(8), number(3)], [3]],
  ['Reshape', {}, [MAP, integers(0, -1, 4)], [2, 36, 4]],
  ['Reshape', { allowzero: 1 }, [of(2, 0), integers(0, 7)], [0, 7]],
  ['Flatten', {}, [MAP], [2, 144]],
  ['Flatten', { axis: -1 }, [MAP], [48, 6]],
  ['Squeeze', {}, [of(2, 3, 1, 1), integers(-1, 2)], [2, 3]],
  ['Squeeze', {}, [of(2, 1, 3, 1)], [2, 3]],
  ['Unsqueeze', { axes: [0, 3] }, [of(2, 3)], [1, 2, 3, 1]],
  ['Unsqueeze', {}, [of(2, 3), integers(-1)], [2, 3, 1]],
  ['Transpose', { perm: [0, 2, 3, 1] }, [MAP], [2, 8, 6, 3]],
  ['Transpose', {}, [MAP], [6, 8, 3, 2]],
  ['Concat', { axis: -1 }, [MAP, of(2, 3, 8, 2)], [2, 3, 8, 8]],
  ['Concat', { axis: 1 }, [MAP, MAP, of(2, 1, 8, 6)], [2, 7, 8, 6]],
  ['Split', { axis: -1 }, [of(2, 7), integers(3, 4)], [2, 3], [2, 4]],
  ['Split', { axis: 1, split: [1, 2] }, [MAP], [2, 1, 8, 6], [2, 2, 8, 6]],
  ['Split', { num_outputs: 2 }, [of(5, 4)], [3, 4], [2, 4]],
  ['Slice', {}, [MAP, integers(1, -3), integers(2 ** 63, -1), integers(1, -1)], [2, 2, 8, 2]],
  ['Slice', {}, [MAP, integers(-1), integers(-(2 ** 63)), integers(2), integers(-3)], [2, 3, 3, 6]],
  ['Slice', { starts: [4], ends: [2], axes: [3] }, [MAP], [2, 3, 8, 0]],
  ['Slice', { starts: [0, 1], ends: [1, 3] }, [MAP], [1, 2, 8, 6]],
  ['Gather', { axis: 1 }, [MAP, integers(2, 1, 0)], [2, 3, 8, 6]],
  ['Gather', { axis: -1 }, [MAP, of(4, 5)], [2, 3, 8, 4, 5]],
  ['Gather', {}, [MAP, number(0)], [3, 8, 6]],
  ['Expand', {}, [of(3, 1), integers(2, 1, 6)], [2, 3, 6]],
  ['Tile', {}, [of(2, 3), integers(1, 4)], [2, 12]],
  ['Pad', { pads: [0, 0, 1, 2, 0, 0, 3, 4] }, [MAP], [2, 3, 12, 12]],
  ['Pad', {}, [MAP, integers(0, 0, -1, 0, 0, 0, 0, 2)], [2, 3, 7, 8]],
  ['Pad', {}, [MAP, integers(1, 2), number(0), integers(-1)], [2, 3, 8, 9]],
  ['DynamicQuantizeLinear', {}, [MAP], [2, 3, 8, 6], [], []],
  ['Resize', {}, [MAP, { ...integers(1, 1, 2, 0.5), type: 1 }], [2, 3, 16, 3]],
  ['Resize', {}, [MAP, of(0), of(0), integers(2, 3, 5, 9)], [2, 3, 5, 9]],
  ['Upsample', {}, [MAP, { ...integers(1, 1, 2, 3), type: 1 }], [2, 3, 16, 18]],
]

describe('the shape of a tensor', () => {
  it('has a case for each operator of the table', () => {
    expect([...new Set(CASES.map(([operator]) => operator))].sort()).toEqual([...SHAPES.keys()].sort())
  })

  it.each<Case>(CASES)('that %s %j makes of %j is %j', (operator, attributes, inputs, ...outputs) => {
    const found = outputsOf(operator, attributes, inputs, outputs.length)
    expect(found.map((tensor) => tensor?.shape)).toEqual(outputs)
  })

  it.each<[string, Attributes, GraphConstant[]]>([
    ['Unheard', {}, [MAP]],
    ['Cast', {}, [of(2, -1)]],
    ['Add', {}, [MAP, of(2)]],
    ['Concat', { axis: 1 }, [MAP, of(2, 3, 8, 5)]],
    ['Concat', { axis: 9 }, [MAP]],
    ['Conv', { group: 2 }, [MAP, of(5, 3, 3, 3)]],
    ['Conv', { pads: [-1, 0, 0, 0] }, [MAP, of(5, 3, 3, 3)]],
    ['Conv', {}, [TOKENS, of(5, 3, 3, 3)]],
    ['Gemm', {}, [of(2, 4), of(5, 7)]],
    ['MatMul', {}, [of(2, 4), of(5, 7)]],
    ['Einsum', { equation: '...ij,jk->...ik' }, [TOKENS, of(4, 7)]],
    ['Range', {}, [number(0), number(1e9), number(1)]],
    ['Reshape', {}, [MAP, of(2)]],
    ['Reshape', {}, [MAP, integers(5, -1)]],
    ['Reshape', {}, [MAP, integers(1, 144)]],
    ['Resize', { keep_aspect_ratio_policy: 'not_larger' }, [MAP, of(0), of(0), integers(2, 3, 5, 9)]],
    ['Split', { axis: 7 }, [MAP]],
    ['Tile', {}, [of(2 ** 30), integers(2 ** 30)]],
  ])('is unknown where %s %j of %j may fail or is too large', (operator, attributes, inputs) => {
    expect(outputsOf(operator, attributes, inputs)).toEqual([undefined])
  })

  it('is unknown for outputs that the table does not list', () => {
    expect(outputsOf('LayerNormalization', {}, [MAP], 2).map((tensor) => tensor?.shape)).toEqual([
      [2, 3, 8, 6],
      undefined,
    ])
  })

  it('needs an operator of ONNX, whose inputs are known', () => {
    const foreign = { ...graphNode('Relu', ['image'], 'map'), domain: 'own' }
    const nodes = [foreign, graphNode('Relu', ['map'], 'next'), graphNode('Relu', ['image'], 'other')]
    const { tensors } = analysedGraph({ nodes, constants: new Map(), operatorSet: 17 }, IMAGE)
    expect([...tensors.keys()]).toEqual(['image', 'other'])
  })

  it('has few axes, and values are few, whatever a file repeats', () => {
    const growing = (operator: string, inputs: readonly string[], attributes: Attributes = {}) => {
      const nodes = Array.from({ length: 100 }, (_, i): GraphNode => {
        const names = inputs.map((name) => (name === 'last' ? (i === 0 ? 'list' : `t${i - 1}`) : name))
        return graphNode(operator, names, `t${i}`, attributes)
      })
      const constants = new Map([
        ['list', integers(1)],
        ['axis', integers(0)],
      ])
      return [...analysedGraph({ nodes, constants, operatorSet: 17 }, IMAGE).tensors.values()]
    }
    const axes = growing('Unsqueeze', ['last', 'axis']).map(({ shape }) => shape.length)
    expect(Math.max(...axes)).toBe(16)
    const values = growing('Concat', ['last', 'last'], { axis: 0 }).map((tensor) => tensor.values?.length ?? 0)
    expect(Math.max(...values)).toBe(64)
  })
})

describe('the values of a small tensor', () => {
  const matrix: GraphConstant = { shape: [2, 3], type: 7, values: [0, 1, 2, 3, 4, 5] }
  it.each<[string, Attributes, GraphConstant[], ...(readonly number[])[]]>([
    ['Shape', {}, [MAP], [2, 3, 8, 6]],
    ['ConstantOfShape', {}, [integers(3)], [0, 0, 0]],
    ['Range', {}, [number(1), number(8), number(3)], [1, 4, 7]],
    ['Constant', { value_ints: [4, -5] }, [], [4, -5]],
    ['Identity', {}, [matrix], [0, 1, 2, 3, 4, 5]],
    ['Reshape', {}, [matrix, integers(-1)], [0, 1, 2, 3, 4, 5]],
    ['Cast', { to: 7 }, [number(-1.5)], [-1]],
    ['Cast', { to: 1 }, [number(-1.5)], [-1.5]],
    ['Div', {}, [integers(7, -7), integers(2)], [3, -3]],
    ['Div', {}, [number(7), number(2)], [3.5]],
    ['Mod', {}, [integers(7, -7), integers(3)], [1, 2]],
    ['Ceil', {}, [number(-1.5)], [-1]],
    ['Clip', {}, [integers(-7, 3, 9), integers(0), integers(5)], [0, 3, 5]],
    ['Clip', { max: 5 }, [integers(-7, 9)], [-7, 5]],
    ['Where', {}, [integers(0, 1), integers(8, 9), integers(-1)], [-1, 9]],
    ['Sub', {}, [matrix, integers(1, 2, 3)], [-1, -1, -1, 2, 2, 2]],
    ['Transpose', {}, [matrix], [0, 3, 1, 4, 2, 5]],
    ['Gather', { axis: 1 }, [matrix, integers(-1, 0)], [2, 0, 5, 3]],
    ['Gather', {}, [integers(7, 8, 9), number(1)], [8]],
    ['Slice', {}, [matrix, integers(-1), integers(-9), integers(1), integers(-2)], [2, 0, 5, 3]],
    ['Concat', { axis: 1 }, [matrix, { shape: [2, 1], type: 7, values: [8, 9] }], [0, 1, 2, 8, 3, 4, 5, 9]],
    ['Expand', {}, [{ shape: [2, 1], type: 7, values: [8, 9] }, integers(2, 2, 2)], [8, 8, 9, 9, 8, 8, 9, 9]],
  ])('that %s %j makes of %j are %j', (operator, attributes, inputs, ...outputs) => {
    const found = outputsOf(operator, attributes, inputs, outputs.length)
    expect(found.map((tensor) => tensor?.values)).toEqual(outputs)
  })

  it.each<[string, Attributes, GraphConstant[]]>([
    ['Div', {}, [number(1), number(0)]],
    ['ConstantOfShape', { value: of(1) }, [integers(3)]],
    ['Gather', {}, [integers(7, 8), integers(5)]],
    ['Add', {}, [integers(1), of(1)]],
    ['Exp', {}, [number(1)]],
  ])('are unknown where %s %j of %j has none', (operator, attributes, inputs) => {
    expect(outputsOf(operator, attributes, inputs)[0]?.values).toBeNull()
  })
})

/** All tensors that a graph computes of an image, as ONNX Runtime runs it. */
async function computed(path: string, names: readonly string[], shape: readonly number[]) {
  const session = await InferenceSession.create(path, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 })
  const [input = ''] = session.inputNames
  const pixels = Float32Array.from({ length: shape.reduce((all, size) => all * size, 1) }, (_, i) => (i % 7) / 7)
  return session.run({ [input]: new Tensor('float32', pixels, shape) }, [...names])
}

const files = (folder: string) =>
  readdirSync(new URL(`../../../${folder}`, import.meta.url))
    .filter((name) => name.endsWith('.onnx') && !name.startsWith('tiny-deepsim'))
    .map((name) => [`${folder}/${name}`] as const)

describe('the analysis agrees with ONNX Runtime', () => {
  it.each([...files('models'), ...files('test/golden/exports')])(
    'on the shape of every tensor of %s, and knows all of them',
    async (file) => {
      const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url))
      const model = readOnnxFile(path)
      const side = file.startsWith('models') ? 224 : 64
      const { tensors } = analysedGraph(model.graph, { name: model.inputs[0]?.name ?? '', rows: side, cols: side })
      const { constants } = linksOf(model.graph)
      const names = [...model.tensors].filter((name) => !constants.has(name))
      const stated = new Set(model.outputs.map(({ name }) => name))
      const copy = inFolder('copy.onnx')
      await writeGraphCopy(copy, path, { outputs: names.filter((name) => !stated.has(name)) })
      const results = await computed(copy, names, [2, 3, side, side])
      for (const name of names) {
        const [found, expected] = [tensors.get(name), results[name]]
        expect(found?.shape, name).toEqual(expected?.dims)
        if (found?.values) expect(found.values, name).toEqual(Array.from(expected?.data as BigInt64Array, Number))
      }
    },
  )

  it('on random windows', async () => {
    const size = (min: number, max: number) => fc.integer({ min, max })
    const both = (one: fc.Arbitrary<number>) => fc.tuple(one, one)
    const drawn = fc.record({
      operator: fc.constantFrom('Conv', 'MaxPool', 'AveragePool', 'ConvTranspose'),
      kernel: both(size(1, 4)),
      strides: both(size(1, 4)),
      dilations: both(size(1, 2)),
      pads: fc.tuple(size(0, 1), size(0, 1), size(0, 1), size(0, 1)),
      ceil: size(0, 1),
      side: size(8, 12),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ operator, kernel, strides, dilations, pads, ceil, side }) => {
        const isPool = operator.endsWith('Pool')
        // ONNX Runtime demands that pads of pools are smaller than the kernel.
        fc.pre(!isPool || kernel.every((taps) => taps > 1))
        const attributes: Record<string, Attribute> = {
          kernel_shape: kernel,
          strides,
          pads,
          ...(operator !== 'AveragePool' && { dilations }),
          ...(isPool && { ceil_mode: ceil }),
        }
        const path = inFolder('window.onnx')
        await writeModel(path, {
          name: 'window',
          inputs: [{ name: 'image', shape: ['N', 3, side, side] }],
          outputs: [{ name: 'map', shape: ['N', 'C', 'rows', 'cols'] }],
          nodes: [node(operator, isPool ? ['image'] : ['image', 'weight'], 'map', attributes)],
          initializers: isPool ? [] : [weightsOf('weight', 3, 3, ...kernel)],
        })
        const { tensors } = analysedGraph(readOnnxFile(path).graph, { name: 'image', rows: side, cols: side })
        const { map } = await computed(path, ['map'], [2, 3, side, side])
        expect(tensors.get('map')?.shape).toEqual(map?.dims)
      }),
      { numRuns: randomCases(30), seed: 1 },
    )
  })
})
