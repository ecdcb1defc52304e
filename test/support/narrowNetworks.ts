import { afterAll, beforeAll } from 'vitest'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { type Architecture, type Layer, parametersOf } from '../../src/networks/architectures/layer.js'
import { catalogModels, isGenerator } from '../../src/networks/index.js'
import { type FormulaTensor, weight } from './formulas.js'

/** An eighth of the channels; those of pictures and the classes stay, as in test/golden/make_networks.py. */
function width(channels: number): number {
  return channels === 3 || channels === 1000 ? channels : channels / 8
}

/** A network of the same blocks, which a test can build and run in no time. */
export function narrowed({ input, layers, ...about }: Architecture): Architecture {
  const [channels = 0, ...size] = input.shape
  return { ...about, input: { ...input, shape: [width(channels), ...size] }, layers: layers.map(narrowedLayer) }
}

function narrowedLayer(layer: Layer): Layer {
  switch (layer.kind) {
    case 'convolution': {
      const { inputs, outputs, groups } = layer
      const isDepthwise = groups === inputs
      return {
        ...layer,
        inputs: width(inputs),
        outputs: width(outputs),
        groups: isDepthwise ? width(groups) : groups,
      }
    }
    case 'deconvolution':
    case 'linear':
      return { ...layer, inputs: width(layer.inputs), outputs: width(layer.outputs) }
    case 'blur':
    case 'unflatten':
      return { ...layer, channels: width(layer.channels) }
    case 'residual':
      return { ...layer, branch: layer.branch.map(narrowedLayer), shortcut: layer.shortcut.map(narrowedLayer) }
    default:
      return layer
  }
}

/** Makes the published networks and generators of the catalog narrow, for the tests of the file that calls this. */
export function narrowCatalog(): void {
  const full = [...architectures]
  const generators = catalogModels().filter((entry) => isGenerator(entry) && entry.kind === 'published')
  const dims = generators.map((entry) => (isGenerator(entry) ? entry.dims : null))
  const put = (chosen: readonly Architecture[], lengths: readonly (number | null)[]) => {
    ;(architectures as Architecture[]).splice(0, full.length, ...chosen)
    generators.forEach((entry, index) => {
      Object.assign(entry, { dims: lengths[index] })
    })
  }
  beforeAll(() =>
    put(
      full.map(narrowed),
      dims.map((length) => width(length as number)),
    ),
  )
  afterAll(() => put(full, dims))
}

/** The weights of a network as it stands in the catalog, by formula. */
export function tensorsOf(id: string): FormulaTensor[] {
  const architecture = architectures.find((candidate) => candidate.id === id)
  if (architecture === undefined) throw new Error(`no architecture is called ${id}`)
  return formulaTensors(architecture)
}

/** The weights of an architecture by formula. */
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
