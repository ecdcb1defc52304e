/** The layers of a convolutional network, as plain data. Each `key` is the layer's name in a PyTorch state dict. */
export type Layer =
  | Convolution
  | Deconvolution
  | MaxPool
  | Blur
  | LocalResponseNorm
  | Residual
  | Concatenation
  | GlobalAveragePool
  | Flatten
  | Unflatten
  | Linear
  | PooledFeature
  | Crop

/** Activation function after a layer. `leakyRelu` is the factor for negative values. */
export type Activation = 'none' | 'relu' | 'relu6' | { readonly leakyRelu: number }

/**
 * A convolution with a square kernel, followed by the activation. If `batchNorm` is not null, it is the key of a batch
 * normalisation before the activation. Otherwise, the convolution has a bias.
 */
export interface Convolution {
  readonly kind: 'convolution'
  readonly key: string
  readonly batchNorm: string | null
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
  readonly stride: number
  readonly padding: number
  readonly groups: number
  readonly activation: Activation
}

/**
 * Transposed convolution with a square kernel and a bias, followed by the activation. From n rows or columns, it makes
 * `stride·(n − 1) + kernel − 2·padding`.
 */
export interface Deconvolution {
  readonly kind: 'deconvolution'
  readonly key: string
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
  readonly stride: number
  readonly padding: number
  readonly activation: Activation
}

interface MaxPool {
  readonly kind: 'max-pool'
  readonly kernel: number
  readonly stride: number
  readonly padding: number
  /** Whether the last window may reach beyond the maps (PyTorch's `ceil_mode`); false by default. */
  readonly isCeiled?: boolean
}

/**
 * Blurred subsampling by 2: reflection padding of 2, then a 5×5 binomial filter on each channel with stride 2.
 * R. Zhang, "Making Convolutional Networks Shift-Invariant Again", 2019, section 3.
 */
export interface Blur {
  readonly kind: 'blur'
  readonly key: string
  readonly channels: number
}

/**
 * Local response normalisation across channels: `y = x / (1 + alpha / size · Σ x²)^beta`. The sum is over the `size`
 * channels around each channel; missing channels count as 0.
 * A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3. As in
 * Caffe, alpha is divided by `size`.
 */
interface LocalResponseNorm {
  readonly kind: 'local-response-norm'
  readonly size: number
  readonly alpha: number
  readonly beta: number
}

/** A residual block: `activation(branch(x) + shortcut(x))`. If the shortcut has no layers, it is x itself. */
export interface Residual {
  readonly kind: 'residual'
  readonly branch: readonly Layer[]
  readonly shortcut: readonly Layer[]
  readonly activation: Activation
}

/** Branches that read the same maps. Their channels are joined in the order of the branches. */
interface Concatenation {
  readonly kind: 'concatenation'
  readonly branches: readonly (readonly Layer[])[]
}

interface GlobalAveragePool {
  readonly kind: 'global-average-pool'
}

/** Joins channels, rows and columns into one axis. The column index changes fastest. */
interface Flatten {
  readonly kind: 'flatten'
}

/** Splits one axis into channels, rows and columns. The column index changes fastest. */
interface Unflatten {
  readonly kind: 'unflatten'
  readonly channels: number
  readonly rows: number
  readonly cols: number
}

/**
 * Fully connected layer. If `feature` is not null, the output before the activation is read as features of this name.
 */
export interface Linear {
  readonly kind: 'linear'
  readonly key: string
  readonly inputs: number
  readonly outputs: number
  readonly feature: string | null
  readonly activation: Activation
}

/** The mean of each channel is read as features of this name. The next layer reads the maps themselves. */
interface PooledFeature {
  readonly kind: 'pooled-feature'
  readonly feature: string
  readonly channels: number
}

/**
 * Cuts a square out of the image: `side` rows and columns, starting at row and column `offset`. The square is an output
 * of the graph.
 */
export interface Crop {
  readonly kind: 'crop'
  readonly output: string
  readonly channels: number
  readonly offset: number
  readonly side: number
}

/** By default, a convolution has stride 1, keeps the size of the maps, and has a bias and ReLU. */
export function convolution(
  key: string,
  shape: Pick<Convolution, 'inputs' | 'outputs' | 'kernel'> & Partial<Convolution>,
): Convolution {
  const usual = { stride: 1, padding: (shape.kernel - 1) / 2, groups: 1, batchNorm: null, activation: 'relu' } as const
  return { kind: 'convolution', key, ...usual, ...shape }
}

export function linear(
  key: string,
  inputs: number,
  outputs: number,
  feature: string | null,
  activation: Activation = 'relu',
): Linear {
  return { kind: 'linear', key, inputs, outputs, feature, activation }
}

export interface Architecture {
  readonly id: string
  readonly input: GraphTensor
  readonly layers: readonly Layer[]
}

/** The shape has no batch axis. */
export interface GraphTensor {
  readonly name: string
  readonly shape: readonly number[]
}

export const image224: GraphTensor = { name: 'image', shape: [3, 224, 224] }

export interface Parameter {
  readonly key: string
  readonly shape: readonly number[]
}

/** Names of a batch normalisation's tensors, except `num_batches_tracked`, which only training uses. */
const batchNormStatistics = ['weight', 'bias', 'running_mean', 'running_var'] as const

/** Keys and shapes of all weights that the layers need, in the order of use. */
export function parametersOf(layers: readonly Layer[]): Parameter[] {
  return layers.flatMap((layer): Parameter[] => {
    switch (layer.kind) {
      case 'convolution':
        return convolutionParameters(layer)
      case 'deconvolution':
        return weightAndBias(layer.key, [layer.inputs, layer.outputs, layer.kernel, layer.kernel], layer.outputs)
      case 'linear':
        return weightAndBias(layer.key, [layer.outputs, layer.inputs], layer.outputs)
      case 'blur':
        return [{ key: `${layer.key}.filt`, shape: [layer.channels, 1, 5, 5] }]
      case 'residual':
        return [...parametersOf(layer.branch), ...parametersOf(layer.shortcut)]
      case 'concatenation':
        return layer.branches.flatMap(parametersOf)
      default:
        return []
    }
  })
}

function weightAndBias(key: string, shape: readonly number[], outputs: number): Parameter[] {
  return [
    { key: `${key}.weight`, shape },
    { key: `${key}.bias`, shape: [outputs] },
  ]
}

function convolutionParameters(layer: Convolution): Parameter[] {
  const { key, batchNorm, inputs, outputs, kernel, groups } = layer
  const weightShape = [outputs, inputs / groups, kernel, kernel]
  if (batchNorm === null) return weightAndBias(key, weightShape, outputs)
  const statistics = batchNormStatistics.map((name) => ({ key: `${batchNorm}.${name}`, shape: [outputs] }))
  return [{ key: `${key}.weight`, shape: weightShape }, ...statistics]
}

export function featureLayersOf(layers: readonly Layer[]): { name: string; dims: number }[] {
  return layers.flatMap((layer) => {
    if (layer.kind === 'pooled-feature') return [{ name: layer.feature, dims: layer.channels }]
    return layer.kind === 'linear' && layer.feature !== null ? [{ name: layer.feature, dims: layer.outputs }] : []
  })
}

export function outputsOf(layers: readonly Layer[]): GraphTensor[] {
  return layers.flatMap((layer): GraphTensor[] => {
    if (layer.kind === 'crop') return [{ name: layer.output, shape: [layer.channels, layer.side, layer.side] }]
    return featureLayersOf([layer]).map(({ name, dims }) => ({ name, shape: [dims] }))
  })
}
