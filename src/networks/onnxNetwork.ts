import { basename, extname } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { sha256, sha256OfFile } from '../files/sha256.js'
import { fileSize } from './checkpoint/fileBytes.js'
import { cachedGraph } from './graphCache.js'
import { type FeatureLayer, imagenetInput, type Network, type NetworkInput } from './network.js'
import { type ModelInterface, readModelInterface, type TypedTensor } from './onnx/interface.js'
import { inferredOutputs, writeWithOutputs } from './onnx/interiorOutputs.js'

/**
 * A network of the user's: an ONNX file with one image input, float32 [N, 3, rows, cols], normalised as ImageNet's
 * images are.
 *
 * @param names the tensors to read, outputs of the graph or others inside it, in the order in which they are to be shown
 * @throws UsageError when there is no such tensor; InputError when the file is not such a model
 */
export async function onnxNetwork(path: string, names: readonly string[]): Promise<Network> {
  const weightsBytes = await fileSize(path)
  const model = readModelInterface(path)
  const input = inputOf(path, model)
  const weightsSha256 = await sha256OfFile(path)
  const id = basename(path, extname(path))
  const interior = interiorOf(path, model, names)
  const onnxPath = interior.length === 0 ? path : await withOutputs(path, weightsSha256, interior)
  const stated = names.every((name) => model.outputs.some((output) => output.name === name && dimsOf(output) !== null))
  const outputs = stated ? model.outputs : await inferredOutputs(onnxPath)
  return {
    id,
    title: id,
    onnxPath,
    layers: layersOf(path, outputs, names),
    input,
    weightsPath: path,
    weightsSha256,
    weightsBytes,
  }
}

/** The names that are not outputs of the graph. */
function interiorOf(path: string, model: ModelInterface, names: readonly string[]): string[] {
  const outputs = model.outputs.map(({ name }) => name)
  if (names.length === 0)
    throw new UsageError(`name the layers of ${path} to read; its outputs are ${outputs.join(', ')}`)
  const unknown = names.find((name) => !outputs.includes(name) && !model.tensors.has(name))
  if (unknown !== undefined) {
    throw new UsageError(
      `${path} has no tensor "${unknown}"; its outputs are ${outputs.join(', ')}, and tensors inside can be read, too`,
    )
  }
  return names.filter((name) => !outputs.includes(name))
}

async function withOutputs(path: string, fileSha256: string, names: readonly string[]): Promise<string> {
  const stem = basename(path, extname(path))
  const name = `${stem}-${fileSha256.slice(0, 16)}-${sha256(JSON.stringify(names)).slice(0, 16)}.onnx`
  return cachedGraph(name, (copy) => writeWithOutputs(copy, path, names))
}

/**
 * The named outputs of a model as layers.
 *
 * @throws InputError when one does not exist, or its number of features varies
 */
export function layersOf(path: string, outputs: readonly TypedTensor[], names: readonly string[]): FeatureLayer[] {
  return names.map((name) => {
    const output = outputs.find((candidate) => candidate.name === name)
    const dims = output ? dimsOf(output) : null
    if (dims !== null) return { name, dims }
    const found = output ? `${output.type} [${output.shape.join(', ')}]` : 'absent'
    throw new InputError(
      `output "${name}" of ${path} is ${found}, not float32 [N, features] with a fixed number of features; export it so`,
    )
  })
}

/** Number of features per image; null when it varies, or they are not float32. */
function dimsOf({ type, shape }: TypedTensor): number | null {
  const sizes = shape.slice(1)
  if (type !== 'float32' || sizes.length === 0) return null
  return sizes.reduce<number | null>(
    (product, size) => (product !== null && typeof size === 'number' ? product * size : null),
    1,
  )
}

/** Rows and columns that the file leaves open are the frame's. */
function inputOf(path: string, model: ModelInterface): NetworkInput {
  const [input, ...others] = model.inputs
  const [batch, channels, rows, cols] = input?.shape ?? []
  if (!input || others.length > 0 || input.shape.length !== 4 || channels !== 3 || input.type !== 'float32') {
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
