import { basename, extname } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { sha256OfFile } from '../files/sha256.js'
import { fileSize } from './checkpoint/fileBytes.js'
import { type FeatureLayer, imagenetInput, type Network, type NetworkInput } from './network.js'
import { type ModelInterface, readModelInterface, type TypedTensorInfo } from './onnx/interface.js'

/**
 * A network of the user's: an ONNX file with one image input, float32 [N, 3, rows, cols], normalised as ImageNet's
 * images are.
 *
 * @param layers names of the outputs to read, in the order in which they are to be shown
 * @throws UsageError when an output does not exist; InputError when the file is not such a model
 */
export async function onnxNetwork(path: string, layers: readonly string[]): Promise<Network> {
  const weightsBytes = await fileSize(path)
  const model = readModelInterface(path)
  const id = basename(path, extname(path))
  return {
    id,
    title: id,
    onnxPath: path,
    layers: layersOf(path, model, layers),
    input: inputOf(path, model),
    weightsPath: path,
    weightsSha256: await sha256OfFile(path),
    weightsBytes,
  }
}

/**
 * Looks up outputs of a model by name.
 *
 * @throws UsageError when one does not exist or none is named; InputError when its size varies
 */
export function layersOf(path: string, model: ModelInterface, names: readonly string[]): FeatureLayer[] {
  const available = model.outputs.map(({ name }) => name).join(', ')
  if (names.length === 0) throw new UsageError(`name the layers of ${path} to read; its outputs are ${available}`)
  return names.map((name) => {
    const output = model.outputs.find((candidate) => candidate.name === name)
    if (!output) throw new UsageError(`${path} has no output "${name}"; its outputs are ${available}`)
    return { name, dims: dimsOf(path, output) }
  })
}

function dimsOf(path: string, output: TypedTensorInfo): number {
  const sizes = output.shape.slice(1)
  if (output.elementType !== 1 || sizes.length === 0 || sizes.some((size) => typeof size !== 'number')) {
    throw new InputError(
      `output "${output.name}" of ${path} is [${output.shape.join(', ')}], not float32 [N, features] with a fixed number of features; export it so`,
    )
  }
  return (sizes as number[]).reduce((product, size) => product * size, 1)
}

/** Rows and columns that the file leaves open are the frame's. */
function inputOf(path: string, model: ModelInterface): NetworkInput {
  const [input, ...others] = model.inputs
  const [batch, channels, rows, cols] = input?.shape ?? []
  if (!input || others.length > 0 || input.shape.length !== 4 || channels !== 3 || input.elementType !== 1) {
    const found = model.inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ') || 'none'
    throw new InputError(`${path} must have one input, float32 [N, 3, rows, cols], and has ${found}; export it so`)
  }
  const fixed = <T>(size: number | string | undefined, otherwise: T) => (typeof size === 'number' ? size : otherwise)
  return {
    ...imagenetInput,
    name: input.name,
    batch: fixed(batch, null),
    rows: fixed(rows, 224),
    cols: fixed(cols, 224),
  }
}
