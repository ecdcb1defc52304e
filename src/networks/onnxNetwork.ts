import { basename, dirname, extname } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { sha256, sha256OfFile } from '../files/sha256.js'
import { nearestNames } from '../nearestNames.js'
import { printable } from '../printable.js'
import { fileSize } from './checkpoint/fileBytes.js'
import { cachedGraph } from './graphCache.js'
import { type FeatureLayer, imagenetInput, type Network, type NetworkInput } from './network.js'
import { copyExternalFiles, type ExternalFile, externalFiles } from './onnx/externalData.js'
import { type GraphChanges, writeGraphCopy } from './onnx/graphCopy.js'
import { type ModelInterface, readModelInterface, type TypedTensor } from './onnx/interface.js'
import { trialRun } from './onnx/trialRun.js'

/**
 * A network of the user's: an ONNX file with one image input, float32, square, [N, 3, rows, cols] or
 * [N, rows, cols, 3], whose pixels are normalised as ImageNet's are. Rows and columns that the file leaves open are the
 * paper's frame, 224. Data in files of its own is read from the model's folder only.
 *
 * @param names the float32 tensors to read, outputs of the graph or others inside it, in the order in which they are to
 * be shown; per image, a tensor with more axes is flattened
 * @throws UsageError when there is no such tensor; InputError when the file is not such a model, or does not run
 */
export async function onnxNetwork(path: string, names: readonly string[]): Promise<Network> {
  const modelBytes = await fileSize(path)
  const model = readModelInterface(path)
  const image = imageInput(path, model.inputs)
  const wanted = [...new Set(names)]
  checkNames(path, model, wanted)
  const files = await externalFiles(path)
  const weightsSha256 = await combinedSha256(path, files)
  const { input, changes } = planned(image, model, wanted)
  const onnxPath = changes ? await changedCopy(path, weightsSha256, files, changes) : path
  const { layers, batch } = await measuredLayers(path, onnxPath, input, wanted)
  const id = basename(path, extname(path))
  return {
    id,
    title: id,
    onnxPath,
    layers,
    input: { ...input, batch },
    weightsPath: path,
    weightsSha256,
    weightsBytes: files.reduce((sum, file) => sum + file.bytes, modelBytes),
  }
}

function checkNames(path: string, model: ModelInterface, names: readonly string[]): void {
  const outputs = listed(model.outputs.map(({ name }) => name))
  if (names.length === 0)
    throw new UsageError(`name the tensors of ${path} to read with \`layers NAME,…\`; its outputs are ${outputs}`)
  const tensors = new Set([...model.outputs.map(({ name }) => name), ...model.tensors])
  const unknown = names.find((name) => !tensors.has(name))
  if (unknown === undefined) return
  const nearest = listed(nearestNames(unknown, tensors, 5))
  throw new UsageError(
    `${path} has no tensor "${printable(unknown)}"; the most similar names are ${nearest}; its outputs are ${outputs}`,
  )
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${printable(name)}"`)
  return names.length > 10 ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** The image that a model takes, as its file describes it. */
interface ImageInput {
  readonly tensor: TypedTensor
  readonly layout: 'channels first' | 'channels last'
  readonly batch: number | null
  /** Rows and columns. */
  readonly side: number
}

function imageInput(path: string, inputs: readonly TypedTensor[]): ImageInput {
  const refuse = (found: string, remedy: string) =>
    new InputError(`${path} ${found}; one float32 input [N, 3, rows, cols] is needed: ${remedy}`)
  const [tensor] = inputs
  if (!tensor || inputs.length > 1) {
    const found =
      inputs.length === 0 ? 'no input' : `${inputs.length} inputs, ${listed(inputs.map(({ name }) => name))}`
    throw refuse(`has ${found}`, 'export the part that starts at the image')
  }
  const { shape, type } = tensor
  const described = `has input ${printable(tensor.name)}, ${type} [${printable(shape.join(', '))}]`
  if (type !== 'float32') throw refuse(described, 'export it in float32, without preprocessing of its own')
  if (shape.length !== 4) throw refuse(`${described}, which is not a batch of images`, 'use a network for images')
  const [batch, second, third, fourth] = shape as [number | string, number | string, number | string, number | string]
  const layout = second === 3 ? 'channels first' : fourth === 3 ? 'channels last' : undefined
  if (!layout) throw refuse(`${described}, which does not have 3 channels`, 'use a network for RGB images')
  const sizes = layout === 'channels first' ? [third, fourth] : [second, third]
  const fixed = sizes.filter((size) => typeof size === 'number')
  const side = fixed[0] ?? imagenetInput.rows
  if (fixed.some((size) => size !== side)) throw refuse(`${described}, which is not square`, 'export it for a square')
  return { tensor, layout, batch: typeof batch === 'number' ? batch : null, side }
}

/** Identifies the weights of an ONNX file, wherever they lie. */
export async function combinedSha256(path: string, files: readonly ExternalFile[]): Promise<string> {
  const model = await sha256OfFile(path)
  if (files.length === 0) return model
  return sha256(JSON.stringify([model, ...files.map((file) => [file.location, file.sha256])]))
}

/** The input as the engine sees it, and what has to be changed in the graph for it and for tensors inside. */
function planned(
  { tensor, layout, batch, side }: ImageInput,
  model: ModelInterface,
  names: readonly string[],
): { readonly input: NetworkInput; readonly changes: GraphChanges | null } {
  const outputs = names.filter((name) => !model.outputs.some((output) => output.name === name))
  const input = { ...imagenetInput, name: tensor.name, batch, rows: side, cols: side }
  if (layout === 'channels first') return { input, changes: outputs.length > 0 ? { outputs } : null }
  const name = unusedName(`${tensor.name}.channels_first`, model)
  const transpose = {
    operator: 'Transpose',
    name: `${name}.channels_last`,
    inputs: [name],
    outputs: [tensor.name],
    attributes: { perm: [0, 2, 3, 1] },
  }
  const inputs = [{ name, shape: [batch ?? 'N', 3, side, side] }]
  return { input: { ...input, name }, changes: { outputs, madeInput: tensor.name, inputs, nodes: [transpose] } }
}

function unusedName(wanted: string, model: ModelInterface): string {
  return model.tensors.has(wanted) ? unusedName(`${wanted}_`, model) : wanted
}

/** Where the graph's data lies in files of its own, the copy has a folder of its own with copies of these. */
async function changedCopy(
  path: string,
  weightsSha256: string,
  files: readonly ExternalFile[],
  changes: GraphChanges,
): Promise<string> {
  // Only a part of the name, for people who look: a whole one could grow beyond what file systems take.
  const start = [...basename(path, extname(path))].slice(0, 40).join('')
  const stem = `${start}-${weightsSha256.slice(0, 16)}`
  const digest = sha256(JSON.stringify(changes)).slice(0, 16)
  const name = files.length === 0 ? `${stem}-${digest}.onnx` : `${stem}/${digest}.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(path, files, dirname(copy))
    await writeGraphCopy(copy, path, changes)
  })
}

/**
 * Layers and batch size as a run of the model shows them. A graph that claims to take any number of images, but has the
 * one that it was exported with written into it, is run on single images.
 */
async function measuredLayers(
  path: string,
  onnxPath: string,
  input: NetworkInput,
  names: readonly string[],
): Promise<{ readonly layers: readonly FeatureLayer[]; readonly batch: number | null }> {
  const attempt = async (batch: number) => {
    const shape = [batch, 3, input.rows, input.cols] as const
    const { shapes } = await trialRun(onnxPath, { name: input.name, shape }, names)
    return names.map((name) => featureLayer(path, name, shapes.get(name) ?? [], batch))
  }
  if (input.batch !== null) return { layers: await attempt(input.batch), batch: input.batch }
  try {
    return { layers: await attempt(2), batch: null }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { layers: await attempt(1), batch: 1 }
  }
}

function featureLayer(path: string, name: string, shape: readonly number[], batch: number): FeatureLayer {
  const dims = shape.slice(1).reduce((product, size) => product * size, 1)
  if (shape[0] === batch && shape.length > 1 && dims > 0) return { name, dims }
  throw new InputError(
    `layer "${printable(name)}" of ${path} is [${shape.join(', ')}] for ${batch} image${batch > 1 ? 's' : ''}; features must be [images, …]: name another layer`,
  )
}

/**
 * The named outputs of a model as layers, as its file states them.
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
