import { type Activation, type Architecture, type Convolution, image224, type Layer, type Residual } from './layer.js'

const expansion = 4
const stages = [
  { key: 'layer1', width: 64, blocks: 3, stride: 1 },
  { key: 'layer2', width: 128, blocks: 4, stride: 2 },
  { key: 'layer3', width: 256, blocks: 6, stride: 2 },
  { key: 'layer4', width: 512, blocks: 3, stride: 2 },
] as const

/**
 * ResNet-50, with the stride of a stage in the 3×3 convolution of its first bottleneck.
 * Reference: torchvision, models/resnet.py.
 */
export const resnet50: Architecture = { id: 'resnet50', title: 'ResNet-50', input: image224, layers: layers(false) }

/**
 * ResNet-50 with every stride but the first convolution's replaced by blurred subsampling.
 * Reference: antialiased-cnns, models_lpf/resnet.py, filter size 5, first convolution as it was.
 */
export const resnet50Antialiased: Architecture = {
  id: 'resnet50-aa',
  title: 'ResNet-50 (AA, Bin-5)',
  input: image224,
  layers: layers(true),
}

interface BottleneckShape {
  readonly key: string
  readonly inputs: number
  readonly width: number
  readonly stride: number
  readonly antialiased: boolean
}

function layers(antialiased: boolean): Layer[] {
  return [
    convolution('conv1', 'bn1', { inputs: 3, outputs: 64, kernel: 7, stride: 2, activation: 'relu' }),
    ...stemPool(antialiased),
    ...bottlenecks(antialiased),
    { kind: 'global-average-pool' },
    { kind: 'flatten' },
    { kind: 'linear', key: 'fc', inputs: 512 * expansion, outputs: 1000, feature: 'fc', activation: 'none' },
  ]
}

function stemPool(antialiased: boolean): Layer[] {
  if (!antialiased) return [{ kind: 'max-pool', kernel: 3, stride: 2, padding: 1 }]
  return [
    { kind: 'max-pool', kernel: 2, stride: 1, padding: 0 },
    { kind: 'blur', key: 'maxpool.1', channels: 64 },
  ]
}

function bottlenecks(antialiased: boolean): Layer[] {
  let inputs = 64
  return stages.flatMap(({ key, width, blocks, stride }) =>
    Array.from({ length: blocks }, (_, index) => {
      const block = bottleneck({ key: `${key}.${index}`, inputs, width, stride: index === 0 ? stride : 1, antialiased })
      inputs = width * expansion
      return block
    }),
  )
}

/** 1×1 to the width, 3×3, 1×1 to four times the width; K. He et al., "Deep Residual Learning", 2015, figure 5. */
function bottleneck(shape: BottleneckShape): Residual {
  const { key, inputs, width, stride, antialiased } = shape
  const outputs = width * expansion
  const blurred = antialiased && stride > 1
  return {
    kind: 'residual',
    activation: 'relu',
    branch: [
      convolution(`${key}.conv1`, `${key}.bn1`, { inputs, outputs: width, kernel: 1, stride: 1, activation: 'relu' }),
      convolution(`${key}.conv2`, `${key}.bn2`, {
        inputs: width,
        outputs: width,
        kernel: 3,
        stride: blurred ? 1 : stride,
        activation: 'relu',
      }),
      ...(blurred ? [{ kind: 'blur', key: `${key}.conv3.0`, channels: width } as const] : []),
      convolution(blurred ? `${key}.conv3.1` : `${key}.conv3`, `${key}.bn3`, {
        inputs: width,
        outputs,
        kernel: 1,
        stride: 1,
        activation: 'none',
      }),
    ],
    shortcut: inputs === outputs ? [] : projection(shape, blurred),
  }
}

function projection({ key, inputs, width, stride }: BottleneckShape, blurred: boolean): Layer[] {
  const shape = { inputs, outputs: width * expansion, kernel: 1, activation: 'none' } as const
  if (!blurred) return [convolution(`${key}.downsample.0`, `${key}.downsample.1`, { ...shape, stride })]
  return [
    { kind: 'blur', key: `${key}.downsample.0`, channels: inputs },
    convolution(`${key}.downsample.1`, `${key}.downsample.2`, { ...shape, stride: 1 }),
  ]
}

interface ConvolutionShape {
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
  readonly stride: number
  readonly activation: Activation
}

function convolution(key: string, batchNorm: string, shape: ConvolutionShape): Convolution {
  return { kind: 'convolution', key, batchNorm, bias: false, groups: 1, padding: (shape.kernel - 1) / 2, ...shape }
}
