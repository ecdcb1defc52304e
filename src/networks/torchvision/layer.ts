/**
 * What a convolutional network consists of, as plain data. One description serves for all that is done with a network:
 * the list of its weights, the check of a checkpoint, and the ONNX graph. Keys are those of the PyTorch state dict.
 */
export type Layer = Convolution | MaxPool | Blur | Residual | GlobalAveragePool | Flatten | Linear

export type Activation = 'none' | 'relu' | 'relu6'

/** Convolution with a square kernel, then batch normalisation if `batchNorm` names one, then the activation. */
export interface Convolution {
  readonly kind: 'convolution'
  readonly key: string
  readonly batchNorm: string | null
  readonly bias: boolean
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
  readonly stride: number
  readonly padding: number
  readonly groups: number
  readonly activation: Activation
}

export interface MaxPool {
  readonly kind: 'max-pool'
  readonly kernel: number
  readonly stride: number
  readonly padding: number
}

/**
 * Blurred subsampling by 2: reflection padding of 2, then the same 5×5 binomial filter on every channel, stride 2.
 * R. Zhang, "Making Convolutional Networks Shift-Invariant Again", 2019, section 3.
 */
export interface Blur {
  readonly kind: 'blur'
  readonly key: string
  readonly channels: number
}

/** `activation(branch(x) + shortcut(x))`; an empty shortcut is the identity. */
export interface Residual {
  readonly kind: 'residual'
  readonly branch: readonly Layer[]
  readonly shortcut: readonly Layer[]
  readonly activation: Activation
}

export interface GlobalAveragePool {
  readonly kind: 'global-average-pool'
}

/** Channels, rows and columns become one axis, columns running fastest. */
export interface Flatten {
  readonly kind: 'flatten'
}

/** Fully connected; what it gives before the activation is the feature of that name. */
export interface Linear {
  readonly kind: 'linear'
  readonly key: string
  readonly inputs: number
  readonly outputs: number
  readonly feature: string
  readonly activation: Activation
}

/** A network that is built from a checkpoint. */
export interface Architecture {
  readonly id: string
  readonly title: string
  readonly layers: readonly Layer[]
}

/** A tensor that a network needs of a checkpoint. */
export interface Parameter {
  readonly key: string
  readonly shape: readonly number[]
}

/** The entries of a batch normalisation's state that count when it does not train. */
export const batchNormStatistics = ['weight', 'bias', 'running_mean', 'running_var'] as const

/** Every tensor that the layers need, in the order of their use. */
export function parametersOf(layers: readonly Layer[]): Parameter[] {
  return layers.flatMap((layer): Parameter[] => {
    switch (layer.kind) {
      case 'convolution':
        return convolutionParameters(layer)
      case 'linear':
        return [
          { key: `${layer.key}.weight`, shape: [layer.outputs, layer.inputs] },
          { key: `${layer.key}.bias`, shape: [layer.outputs] },
        ]
      case 'blur':
        return [{ key: `${layer.key}.filt`, shape: [layer.channels, 1, 5, 5] }]
      case 'residual':
        return [...parametersOf(layer.branch), ...parametersOf(layer.shortcut)]
      default:
        return []
    }
  })
}

function convolutionParameters(layer: Convolution): Parameter[] {
  const { key, batchNorm, bias, inputs, outputs, kernel, groups } = layer
  const shape = [outputs]
  return [
    { key: `${key}.weight`, shape: [outputs, inputs / groups, kernel, kernel] },
    ...(bias ? [{ key: `${key}.bias`, shape }] : []),
    ...(batchNorm === null ? [] : batchNormStatistics.map((name) => ({ key: `${batchNorm}.${name}`, shape }))),
  ]
}

/** The features that the layers give, in order of depth. */
export function featuresOf(layers: readonly Layer[]): { name: string; dims: number }[] {
  return layers.flatMap((layer) => (layer.kind === 'linear' ? [{ name: layer.feature, dims: layer.outputs }] : []))
}
