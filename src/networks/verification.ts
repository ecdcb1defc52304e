import { InferenceSession, Tensor } from 'onnxruntime-node'
import { InputError } from '../errors.js'
import { sha256 } from '../files/sha256.js'
import { type CatalogEntry, catalogEntry, isPublished } from './catalog.js'
import type { Network, NetworkInput } from './network.js'
import { resolveNetwork } from './resolve.js'

/** What a forward pass on the test image gave. */
export interface VerifiedLayer {
  readonly name: string
  readonly dims: number
  /** Euclidean norm of the features. */
  readonly norm: number
  /** SHA-256 of the features' bytes; equal only where processor and ONNX Runtime are. */
  readonly digest: string
}

export interface Verification {
  readonly id: string
  readonly weightsPath: string
  readonly sha256: string
  readonly bytes: number
  /** Whether the weights are those that their authors published; null: not known. */
  readonly published: boolean | null
  readonly layers: readonly VerifiedLayer[]
}

/**
 * Checks that a network of the catalog is what it should be and runs: the SHA-256 of its weights, and a forward pass of
 * a fixed image on the processor.
 *
 * @throws UsageError for an unknown id; InputError when weights are missing or damaged, an embedded file is not the
 * package's own, the graph does not run, or a feature is not finite or not what the catalog says
 */
export async function verifyNetwork(id: string): Promise<Verification> {
  const entry = catalogEntry(id)
  const network = await resolveNetwork({ id })
  const published = isPublished(entry, network.weightsSha256)
  if (entry.kind === 'embedded' && published === false) {
    throw new InputError(`${network.weightsPath} is not the file that came with the package; install it again`)
  }
  const outputs = await runTestImage(network)
  const layers = network.layers.map(({ name, dims }) => verifyLayer(network, name, dims, outputs.get(name)))
  for (const { name, norm } of layers) checkNorm(entry, name, norm)
  return {
    id,
    weightsPath: network.weightsPath,
    sha256: network.weightsSha256,
    bytes: network.weightsBytes,
    published,
    layers,
  }
}

/** Processors differ in the last digits; a network that is another differs in the first. */
const NORM_TOLERANCE = 1e-3

function checkNorm(entry: CatalogEntry, layer: string, norm: number): void {
  const expected = entry.layers.find(({ name }) => name === layer)?.norm ?? null
  if (expected === null || Math.abs(norm - expected) <= NORM_TOLERANCE * expected) return
  throw new InputError(
    `${entry.id} gives other features than it should: ${layer} of the test image has norm ${norm.toPrecision(6)} instead of ${expected.toPrecision(6)}; install the package again`,
  )
}

async function runTestImage(network: Network): Promise<ReadonlyMap<string, Float32Array>> {
  const { input, layers, onnxPath } = network
  try {
    const session = await InferenceSession.create(onnxPath, { executionProviders: ['cpu'] })
    const image = new Tensor('float32', testImage(input), [input.batch ?? 1, 3, input.rows, input.cols])
    const results = await session.run(
      { [input.name]: image },
      layers.map(({ name }) => name),
    )
    const features = Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array] as const)
    await session.release()
    return new Map(features)
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)
    throw new InputError(
      `${onnxPath} does not run (${cause}); import its weights again, or delete the file to have it built again`,
      { cause: error },
    )
  }
}

/** Stripes and gradients of all three channels; every image of the batch is the same. */
function testImage(input: NetworkInput): Float32Array {
  const { rows, cols, divisor, mean, std } = input
  const plane = rows * cols
  return Float32Array.from({ length: (input.batch ?? 1) * 3 * plane }, (_, index) => {
    const channel = Math.floor(index / plane) % 3
    const row = Math.floor((index % plane) / cols)
    const col = index % cols
    const value = (row * (channel + 1) + col * (3 - channel) + 40 * ((row >> 4) & 1)) % 256
    return (value / divisor - (mean[channel] as number)) / (std[channel] as number)
  })
}

function verifyLayer(network: Network, name: string, dims: number, output: Float32Array | undefined): VerifiedLayer {
  const features = output?.subarray(0, dims)
  if (!features || features.length !== dims || !features.every(Number.isFinite)) {
    throw new InputError(
      `${network.id} gives no finite features in layer ${name}; its weights are damaged, import them again`,
    )
  }
  return {
    name,
    dims,
    norm: Math.hypot(...features),
    digest: sha256(new Uint8Array(features.buffer, features.byteOffset, features.byteLength)),
  }
}
