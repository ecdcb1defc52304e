import { type Architecture, convolution, image224, type Layer } from './layer.js'

const pool: Layer = { kind: 'max-pool', kernel: 3, stride: 2, padding: 0, isCeiled: true }

/** Each of the two expand layers has this many times the channels of the squeeze layer. */
const expansion = 4

/**
 * SqueezeNets 1.0 and 1.1, as in torchvision. Version 1.1 pools earlier, so it computes less.
 * Reference: torchvision, models/squeezenet.py; F. Iandola et al., "SqueezeNet", 2016, table 1.
 */
export const squeezenets: readonly Architecture[] = [
  squeezenet('squeezenet1_0', { outputs: 96, kernel: 7 }, ['pool', 16, 16, 32, 'pool', 32, 48, 48, 64, 'pool', 64]),
  squeezenet('squeezenet1_1', { outputs: 64, kernel: 3 }, ['pool', 16, 16, 'pool', 32, 32, 'pool', 48, 48, 64, 64]),
]

/**
 * No layer is fully connected: a 1×1 convolution computes class scores at each position, and their means are the
 * network's scores. Features are therefore means of maps, with the names of the authors' Caffe model.
 * - `fire9` is what the last convolution reads. It matches the input of the fully connected layer in other networks.
 * - `pool10` holds the class scores. They are taken after ReLU, unlike in other networks, because torchvision's answers
 *   and probabilities come from these values.
 * @param modules `pool`, or the channels of a fire module's squeeze layer, in order
 */
function squeezenet(
  id: string,
  first: { readonly outputs: number; readonly kernel: number },
  modules: readonly ('pool' | number)[],
): Architecture {
  let inputs = first.outputs
  const body = modules.flatMap((module, index) => {
    if (module === 'pool') return [pool]
    // In torchvision, the first two layers are the first convolution and its ReLU.
    const layers = fire(`features.${index + 2}`, inputs, module)
    inputs = 2 * expansion * module
    return layers
  })
  return {
    id,
    input: image224,
    layers: [
      convolution('features.0', { ...first, inputs: 3, stride: 2, padding: 0 }),
      ...body,
      { kind: 'pooled-feature', feature: 'fire9', channels: 512 },
      convolution('classifier.1', { inputs: 512, outputs: 1000, kernel: 1 }),
      { kind: 'pooled-feature', feature: 'pool10', channels: 1000 },
    ],
  }
}

/** A 1×1 convolution to few channels, then 1×1 and 3×3 convolutions side by side. */
function fire(key: string, inputs: number, squeezed: number): Layer[] {
  const shape = { inputs: squeezed, outputs: expansion * squeezed }
  return [
    convolution(`${key}.squeeze`, { inputs, outputs: squeezed, kernel: 1 }),
    {
      kind: 'concatenation',
      branches: [
        [convolution(`${key}.expand1x1`, { ...shape, kernel: 1 })],
        [convolution(`${key}.expand3x3`, { ...shape, kernel: 3 })],
      ],
    },
  ]
}
