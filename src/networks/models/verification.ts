import { InferenceSession, Tensor } from 'onnxruntime-node'
import { InputError } from '../../errors.js'
import { sha256 } from '../../files/sha256.js'
import type { NetworkInput, RunnableGraph } from '../../network.js'
import { prepareEnvironment } from '../../support/machine.js'
import { type CatalogEntry, type GeneratorEntry, isGenerator, isPublished, modelEntry } from '../catalog/catalog.js'
import { chooseGenerator } from '../open/generator.js'
import { chooseNetwork } from '../open/openNetwork.js'

/**
 * One result of a forward pass: the features of the test image at a layer, or the image that a generator makes from the
 * test feature.
 */
interface VerifiedLayer {
  readonly name: string
  readonly dims: number
  readonly norm: number
  /** SHA-256 of the values' bytes. It may differ between processors and between versions of ONNX Runtime. */
  readonly digest: string
}

export interface Verification {
  readonly id: string
  readonly weightsPath: string
  readonly sha256: string
  readonly bytes: number
  /** Whether the weights are those that their authors published. */
  readonly published: boolean
  readonly layers: readonly VerifiedLayer[]
}

/**
 * Checks that a network or generator of the catalog has the right weights and runs. It compares the SHA-256 of the
 * weights, and runs a fixed image or feature through the graph on the CPU.
 * @throws InputError if weights are missing or damaged, the graph does not run, or a value differs from the catalog
 */
export async function verifyNetwork(id: string): Promise<Verification> {
  const entry = modelEntry(id)
  const { file, inputs, outputs } = isGenerator(entry) ? await generatorTest(entry) : await networkTest(entry)
  const { weightsPath, weightsSha256, weightsBytes } = file
  const published = isPublished(entry, weightsSha256)
  if (entry.kind === 'embedded' && !published)
    throw new InputError(`${weightsPath} is not the file that came with the package; install Shiftscope again`)
  const values = await run(file, inputs)
  const layers = outputs.map((layer) => verifyLayer(id, layer, values.get(layer.name)))
  return { id, weightsPath, sha256: weightsSha256, bytes: weightsBytes, published, layers }
}

interface ExpectedLayer {
  readonly name: string
  readonly dims: number
  /** Euclidean norm of the layer's values; null if unknown. */
  readonly norm: number | null
}

async function networkTest(entry: CatalogEntry) {
  const network = await chooseNetwork({ model: entry.id })
  const { input, layers } = network
  const image = new Tensor('float32', testImage(input), [1, 3, input.rows, input.cols])
  const norms = new Map(entry.layers.map(({ name, norm }) => [name, norm]))
  const outputs = layers.map(({ name, dims }) => ({ name, dims, norm: norms.get(name) ?? null }))
  return { file: network, inputs: { [input.name]: image }, outputs }
}

async function generatorTest(entry: GeneratorEntry) {
  const generator = await chooseGenerator(entry.id)
  const { dims, input } = generator
  const feature = new Tensor('float32', testFeature(dims), [1, dims])
  const image = { name: 'image', dims: 3 * input.rows * input.cols, norm: entry.norm }
  return { file: generator, inputs: { feature }, outputs: [image] }
}

async function run(
  { onnxPath }: RunnableGraph,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<ReadonlyMap<string, Float32Array>> {
  try {
    prepareEnvironment()
    const session = await InferenceSession.create(onnxPath, { executionProviders: ['cpu'] })
    const results = await session.run(inputs)
    const values = Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array] as const)
    await session.release()
    return new Map(values)
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)
    throw new InputError(
      `${onnxPath} does not run (${cause}); import its weights again, or delete the file, so that Shiftscope builds it again`,
      { cause: error },
    )
  }
}

/** A test image with stripes and gradients in all three channels, converted to the network's input. */
function testImage(input: NetworkInput): Float32Array {
  const { rows, cols, divisor, mean, std } = input
  const plane = rows * cols
  return Float32Array.from({ length: 3 * plane }, (_, index) => {
    const channel = Math.floor(index / plane)
    const row = Math.floor((index % plane) / cols)
    const col = index % cols
    const value = (row * (channel + 1) + col * (3 - channel) + 40 * ((row >> 4) & 1)) % 256
    return (value / divisor - mean[channel]!) / std[channel]!
  })
}

/** A test feature: numbers from −8 to 8, about the range of real features. */
function testFeature(dims: number): Float32Array {
  return Float32Array.from({ length: dims }, (_, i) => ((i * 7919) % 257) / 16 - 8)
}

/**
 * Relative tolerance of norms. Processors differ only in the last digits of a norm; another network would differ in the
 * first ones.
 */
const NORM_TOLERANCE = 1e-3

function verifyLayer(
  id: string,
  { name, dims, norm: expected }: ExpectedLayer,
  output: Float32Array | undefined,
): VerifiedLayer {
  const values = output?.subarray(0, dims)
  if (!values || values.length !== dims || !values.every(Number.isFinite))
    throw new InputError(`${id} gives NaN or infinite values of ${name}, so its weights are damaged; import them again`)
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  if (expected !== null && Math.abs(norm - expected) > NORM_TOLERANCE * expected) {
    throw new InputError(
      `${id} gives wrong values of ${name}: their norm for the test input is ${norm.toPrecision(6)} instead of ${expected.toPrecision(6)}; install Shiftscope again`,
    )
  }
  return { name, dims, norm, digest: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) }
}
