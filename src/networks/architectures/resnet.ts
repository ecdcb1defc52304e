import { type Architecture, convolution, image224, type Layer, linear, type Residual } from './layer.js'

type BlockKind = 'basic' | 'bottleneck'

/**
 * Number by which the width of a stage is multiplied to get the output channels of its blocks.
 * K. He et al., "Deep Residual Learning", 2015, table 1.
 */
const expansions = { basic: 1, bottleneck: 4 } as const

/** The convolutions of each kind of block: K. He et al., "Deep Residual Learning", 2015, figure 5. */
const branches = { basic: basicBranch, bottleneck: bottleneckBranch } as const

const stages = [
  { key: 'layer1', width: 64, stride: 1 },
  { key: 'layer2', width: 128, stride: 2 },
  { key: 'layer3', width: 256, stride: 2 },
  { key: 'layer4', width: 512, stride: 2 },
] as const

interface ResNetShape {
  readonly kind: BlockKind
  readonly blocks: readonly [number, number, number, number]
  readonly antialiased?: boolean
}

/**
 * ResNets as in torchvision: if a stage subsamples, its first 3×3 convolution does this.
 * Reference: torchvision, models/resnet.py.
 */
export const resnets: readonly Architecture[] = [
  resnet('resnet18', { kind: 'basic', blocks: [2, 2, 2, 2] }),
  resnet('resnet34', { kind: 'basic', blocks: [3, 4, 6, 3] }),
  resnet('resnet50', { kind: 'bottleneck', blocks: [3, 4, 6, 3] }),
  resnet('resnet101', { kind: 'bottleneck', blocks: [3, 4, 23, 3] }),
  resnet('resnet152', { kind: 'bottleneck', blocks: [3, 8, 36, 3] }),
]

/**
 * ResNet-50 in which blurred subsampling replaces all strides, except the first convolution's. Reference:
 * antialiased-cnns, models_lpf/resnet.py, filter size 5, with the first convolution unchanged.
 */
export const resnet50Antialiased: Architecture = resnet('resnet50-aa', {
  kind: 'bottleneck',
  blocks: [3, 4, 6, 3],
  antialiased: true,
})

function resnet(id: string, shape: ResNetShape): Architecture {
  const { kind, antialiased = false } = shape
  return {
    id,
    input: image224,
    layers: [
      convolution('conv1', { batchNorm: 'bn1', inputs: 3, outputs: 64, kernel: 7, stride: 2 }),
      ...stemPool(antialiased),
      ...residuals(shape),
      { kind: 'global-average-pool' },
      { kind: 'flatten' },
      linear('fc', 512 * expansions[kind], 1000, 'fc', 'none'),
    ],
  }
}

function stemPool(antialiased: boolean): Layer[] {
  if (!antialiased) return [{ kind: 'max-pool', kernel: 3, stride: 2, padding: 1 }]
  return [
    { kind: 'max-pool', kernel: 2, stride: 1, padding: 0 },
    { kind: 'blur', key: 'maxpool.1', channels: 64 },
  ]
}

interface BlockShape {
  readonly key: string
  readonly inputs: number
  readonly width: number
  readonly outputs: number
  readonly stride: number
  readonly blurred: boolean
}

function residuals({ kind, blocks, antialiased = false }: ResNetShape): Residual[] {
  let inputs = 64
  return stages.flatMap(({ key, width, stride }, stage) =>
    Array.from({ length: blocks[stage]! }, (_, index): Residual => {
      const outputs = width * expansions[kind]
      const own = index === 0 ? stride : 1
      const blurred = antialiased && own > 1
      const shape = { key: `${key}.${index}`, inputs, width, outputs, stride: own, blurred }
      const shortcut = inputs === outputs ? [] : projection(shape)
      inputs = outputs
      return { kind: 'residual', activation: 'relu', branch: branches[kind](shape), shortcut }
    }),
  )
}

function basicBranch({ key, inputs, width, stride }: BlockShape): Layer[] {
  const first = { inputs, outputs: width, kernel: 3, stride, batchNorm: `${key}.bn1` }
  const second = { inputs: width, outputs: width, kernel: 3, batchNorm: `${key}.bn2`, activation: 'none' } as const
  return [convolution(`${key}.conv1`, first), convolution(`${key}.conv2`, second)]
}

function bottleneckBranch({ key, inputs, width, outputs, stride, blurred }: BlockShape): Layer[] {
  return [
    convolution(`${key}.conv1`, { batchNorm: `${key}.bn1`, inputs, outputs: width, kernel: 1 }),
    convolution(`${key}.conv2`, {
      batchNorm: `${key}.bn2`,
      inputs: width,
      outputs: width,
      kernel: 3,
      stride: blurred ? 1 : stride,
    }),
    ...(blurred ? [{ kind: 'blur', key: `${key}.conv3.0`, channels: width } as const] : []),
    convolution(blurred ? `${key}.conv3.1` : `${key}.conv3`, {
      batchNorm: `${key}.bn3`,
      inputs: width,
      outputs,
      kernel: 1,
      activation: 'none',
    }),
  ]
}

function projection({ key, inputs, outputs, stride, blurred }: BlockShape): Layer[] {
  const shape = { inputs, outputs, kernel: 1, activation: 'none' } as const
  if (!blurred) return [convolution(`${key}.downsample.0`, { ...shape, batchNorm: `${key}.downsample.1`, stride })]
  return [
    { kind: 'blur', key: `${key}.downsample.0`, channels: inputs },
    convolution(`${key}.downsample.1`, { ...shape, batchNorm: `${key}.downsample.2` }),
  ]
}
