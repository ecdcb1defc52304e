import { afterAll, beforeAll } from 'vitest'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { type Architecture, type Layer, parametersOf } from '../../src/networks/architectures/layer.js'
import { catalogModels, isGenerator } from '../../src/networks/catalog/catalog.js'
import { type FormulaTensor, weight } from './formulas.js'

/**
 * An eighth of the channels, as in test/golden/make_networks.py. The channels of pictures and the classes keep their
 * number.
 */
function width(channels: number): number {
  return channels === 3 || channels === 1000 ? channels : channels / 8
}

/** A network of the same blocks with few channels, which a test can build and run quickly. */
export function narrowed({ input, layers, ...about }: Architecture): Architecture {
  const [channels = 0, ...size] = input.shape
  return { ...about, input: { ...input, shape: [width(channels), ...size] }, layers: layers.map(narrowedLayer) }
}

function narrowedLayer(layer: Layer): Layer {
  switch (layer.kind) {
    case 'convolution': {
      const { inputs, outputs, groups } = layer
      const isDepthwise = groups === inputs
      const sides = { inputs: width(inputs), outputs: width(outputs) }
      return { ...layer, ...sides, groups: isDepthwise ? width(groups) : groups }
    }
    case 'deconvolution':
    case 'linear':
      return { ...layer, inputs: width(layer.inputs), outputs: width(layer.outputs) }
    case 'blur':
    case 'unflatten':
    case 'pooled-feature':
      return { ...layer, channels: width(layer.channels) }
    case 'concatenation':
      return { ...layer, branches: layer.branches.map((branch) => branch.map(narrowedLayer)) }
    case 'residual':
      return { ...layer, branch: layer.branch.map(narrowedLayer), shortcut: layer.shortcut.map(narrowedLayer) }
    default:
      return layer
  }
}

/** Makes the catalog's published networks and generators narrow for all tests of the calling file. */
export function narrowCatalog(): void {
  const full = [...architectures]
  const generators = catalogModels().filter((entry) => isGenerator(entry) && entry.kind === 'published')
  const dims = generators.map((entry) => (isGenerator(entry) ? entry.dims : null))
  const put = (chosen: readonly Architecture[], lengths: readonly (number | null)[]) => {
    ;(architectures as Architecture[]).splice(0, full.length, ...chosen)
    for (const [i, entry] of generators.entries()) Object.assign(entry, { dims: lengths[i] })
  }
  const widths = dims.map((length) => width(length as number))
  beforeAll(() => put(full.map(narrowed), widths))
  afterAll(() => put(full, dims))
}

/** Weights by formula for a network of the catalog. */
export function tensorsOf(id: string): FormulaTensor[] {
  return architectures.filter((one) => one.id === id).flatMap(formulaTensors)
}

/** Weights by formula for an architecture. */
export function formulaTensors({ layers }: Architecture): FormulaTensor[] {
  return parametersOf(layers).map(({ key, shape }) => formulaTensor(key, shape))
}

export function formulaTensor(key: string, shape: readonly number[]): FormulaTensor {
  return { key, shape, data: () => weightOnce(key, shape) }
}

const weights = new Map<string, Float32Array>()

function weightOnce(key: string, shape: readonly number[]): Float32Array {
  const name = `${key} ${shape}`
  const values = weights.get(name) ?? weight(key, shape)
  weights.set(name, values)
  return values
}
