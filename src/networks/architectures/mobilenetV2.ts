import { type Architecture, convolution, image224, type Layer, linear } from './layer.js'

const relu6 = { activation: 'relu6' } as const

const stages = [
  { expansion: 1, outputs: 16, blocks: 1, stride: 1 },
  { expansion: 6, outputs: 24, blocks: 2, stride: 2 },
  { expansion: 6, outputs: 32, blocks: 3, stride: 2 },
  { expansion: 6, outputs: 64, blocks: 4, stride: 2 },
  { expansion: 6, outputs: 96, blocks: 3, stride: 1 },
  { expansion: 6, outputs: 160, blocks: 3, stride: 2 },
  { expansion: 6, outputs: 320, blocks: 1, stride: 1 },
] as const

/**
 * MobileNetV2, width 1.
 * Reference: torchvision, models/mobilenetv2.py; M. Sandler et al., "MobileNetV2", 2018, table 2.
 */
export const mobilenetV2: Architecture = {
  id: 'mobilenet_v2',
  input: image224,
  layers: layers(false),
}

/**
 * MobileNetV2 in which blurred subsampling replaces all strides, except the first convolution's. Reference:
 * antialiased-cnns, models_lpf/mobilenet.py, filter size 5.
 */
export const mobilenetV2Antialiased: Architecture = {
  id: 'mobilenet_v2-aa',
  input: image224,
  layers: layers(true),
}

interface BlockShape {
  readonly key: string
  readonly inputs: number
  readonly outputs: number
  readonly expansion: number
  readonly stride: number
  readonly antialiased: boolean
}

function layers(antialiased: boolean): Layer[] {
  return [
    convolution('features.0.0', { batchNorm: 'features.0.1', ...relu6, inputs: 3, outputs: 32, kernel: 3, stride: 2 }),
    ...invertedResiduals(antialiased),
    convolution('features.18.0', { batchNorm: 'features.18.1', ...relu6, inputs: 320, outputs: 1280, kernel: 1 }),
    { kind: 'global-average-pool' },
    { kind: 'flatten' },
    // In torchvision, classifier.0 is a dropout layer, so the fully connected layer is classifier.1.
    linear(antialiased ? 'classifier.0' : 'classifier.1', 1280, 1000, 'fc', 'none'),
  ]
}

function invertedResiduals(antialiased: boolean): Layer[] {
  let inputs = 32
  let number = 0
  return stages.flatMap(({ expansion, outputs, blocks, stride }) =>
    Array.from({ length: blocks }, (_, index) => {
      number += 1
      const shape = { inputs, outputs, expansion, stride: index === 0 ? stride : 1, antialiased }
      inputs = outputs
      return invertedResidual({ key: `features.${number}.conv`, ...shape })
    }).flat(),
  )
}

/**
 * An inverted residual block of three convolutions. The first (1×1) makes more channels, unless `expansion` is 1. The
 * second (3×3) filters each channel on its own. The third (1×1) makes the output channels, without activation.
 */
function invertedResidual(shape: BlockShape): Layer[] {
  const { key, inputs, outputs, expansion, stride, antialiased } = shape
  const width = inputs * expansion
  const blurred = antialiased && stride > 1
  const branch: Layer[] = []
  // Torchvision numbers the layers of a block. Only the last batch normalisation has a number of its own.
  const next = () => `${key}.${branch.length}`
  if (expansion !== 1) {
    branch.push(convolution(`${next()}.0`, { batchNorm: `${next()}.1`, ...relu6, inputs, outputs: width, kernel: 1 }))
  }
  const perChannel = { inputs: width, outputs: width, kernel: 3, stride: blurred ? 1 : stride, groups: width }
  branch.push(convolution(`${next()}.0`, { batchNorm: `${next()}.1`, ...relu6, ...perChannel }))
  if (blurred) branch.push({ kind: 'blur', key: next(), channels: width })
  const batchNorm = `${key}.${branch.length + 1}`
  branch.push(convolution(next(), { batchNorm, inputs: width, outputs, kernel: 1, activation: 'none' }))
  return stride === 1 && inputs === outputs ? [{ kind: 'residual', branch, shortcut: [], activation: 'none' }] : branch
}
