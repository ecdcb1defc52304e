import { basename, extname } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { printable } from '../support/text.js'
import { type CatalogEntry, catalogEntry, type GeneratorEntry, generatorEntry, listGenerators } from './catalog.js'
import type { Network, NetworkInput, RunnableGraph, WeightsFile } from './network.js'
import { catalogFile, withOwnWeights } from './networkFile.js'
import type { ShownTensor } from './onnx/featureNodes.js'
import { checkEvaluationMode } from './onnx/graph/training.js'
import { checkIndependence } from './onnx/independence.js'
import {
  type HashedOnnx,
  type MetadataKey,
  type OnnxFile,
  readHashedOnnx,
  readOnnxFile,
  type TypedTensor,
} from './onnx/onnxFile.js'
import { trialRun } from './onnx/trialRun.js'
import { statedDims } from './plan.js'
import { embeddedFile, lacksWeights, missingFile } from './weights.js'

/** Whether features are taken before or after the ReLU that follows their layer. */
export type FeatureStage = 'pre-relu' | 'post-relu'

/**
 * A generator, ready to run. It makes images from features of one layer of a network, its encoder. The ONNX graph has
 * the input `feature`, float32 [N, dims], and the output `image`, float32 [N, 3, rows, cols]. The values of `image`
 * have the scale of the encoder's input.
 */
export interface Generator extends RunnableGraph, WeightsFile {
  /** Id in the catalog, or name of the ONNX file without its extension. */
  readonly id: string
  readonly encoder: string
  /** SHA-256 of the encoder's weights with which the generator was trained; null if unknown. */
  readonly encoderSha256: string | null
  readonly layer: string
  readonly dims: number
  /** Stage of the features that the generator was trained on. A generator for `post-relu` needs features after ReLU. */
  readonly feature: FeatureStage
  /** The encoder's input, which says how the values of the image become pixels. */
  readonly input: NetworkInput
}

export interface GeneratorOptions {
  /** Path of a checkpoint to use instead of the one that the user imported. */
  readonly weights?: string | undefined
  /**
   * Stage of the features that the generator was trained on; by default, the stage in the catalog. Only weights that are
   * not published may have another stage. Files of the original DeePSiM release are `post-relu`.
   */
  readonly feature?: FeatureStage | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * @param id in the catalog, such as `deepsim-fc6`, or the path of an .onnx file. This file must have the graph that
 * `Generator` describes, and the metadata `encoder`, `layer`, `feature` and optionally `encoder_sha256`.
 * @param withPlaceholder whether to return a placeholder for a published generator without weights
 */
export async function chooseGenerator(
  id: string,
  { weights, feature, signal }: GeneratorOptions = {},
  withPlaceholder = false,
): Promise<Generator> {
  if (extname(id).toLowerCase() === '.onnx') {
    if (weights !== undefined) throw new UsageError(`${id} already contains weights; leave out \`weights\` for it`)
    return requireStage(await generatorFile(id, signal), feature)
  }
  const entry = generatorEntry(id)
  if (withPlaceholder && (await lacksWeights({ model: id, weights })))
    return catalogGenerator(entry, missingFile(entry))
  const file = await catalogFile(entry, weights)
  const generator = catalogGenerator(entry, { onnxPath: file.onnx.path, ...file.weights })
  return entry.kind === 'embedded' ? requireStage(generator, feature) : withStage(generator, entry, feature)
}

/** @throws InputError if the generator was trained with other weights of the network */
export function checkGenerator(generator: Generator, network: Network, layer: string): void {
  const { id, encoder, encoderSha256 } = generator
  const { catalogId = network.id } = network
  const fitting = listGenerators().find((entry) => entry.encoder === catalogId && entry.layer === layer)
  const remedy = `use ${fitting?.id ?? 'another generator'}`
  if (catalogId !== encoder)
    throw new UsageError(`${id} makes images from features of ${encoder}, not of ${catalogId}; ${remedy}`)
  if (generator.layer !== layer)
    throw new UsageError(`${id} makes images from ${generator.layer}, not from ${layer}; ${remedy}`)
  if (encoderSha256 !== null && encoderSha256 !== network.weightsSha256) throw otherEncoder(generator, encoderSha256)
}

function otherEncoder({ id, encoder }: Pick<Generator, 'id' | 'encoder'>, sha256: string): InputError {
  return new InputError(
    `${id} was trained for the weights of ${encoder} with SHA-256 ${sha256.slice(0, 8)}…, but your network has other weights; use a generator that was trained for these`,
  )
}

function requireStage(generator: Generator, feature: FeatureStage | undefined): Generator {
  const { id } = generator
  if (feature === undefined || feature === generator.feature) return generator
  throw new UsageError(
    `${id} needs ${stageText(generator.feature)}, but \`postRelu\` gives it ${stageText(feature)}; leave \`postRelu\` out`,
  )
}

function stageText(stage: FeatureStage): string {
  return stage === 'pre-relu' ? 'features before ReLU' : 'features after ReLU'
}

/** Weights that are not published may have been trained on features of another stage. */
function withStage(generator: Generator, { sources }: GeneratorEntry, feature = generator.feature): Generator {
  const { id, layer, weightsPath, weightsSha256 } = generator
  const isPublished = sources.some((source) => source.sha256 === weightsSha256)
  if (feature !== generator.feature && (isPublished || layer === 'fc8')) {
    const cause = layer === 'fc8' ? 'fc8 has no ReLU' : `${weightsPath} is the published file`
    throw new UsageError(`${id} needs ${stageText(generator.feature)}, because ${cause}; leave \`postRelu\` out`)
  }
  return { ...generator, feature }
}

function catalogGenerator(entry: GeneratorEntry, file: RunnableGraph & WeightsFile): Generator {
  const { id, layer, feature } = entry
  const encoder = catalogEntry(entry.encoder)
  const dims = entry.dims ?? layerDims(file.onnxPath, encoder, layer)
  return { id, ...file, encoder: encoder.id, encoderSha256: encoder.sha256, layer, dims, feature, input: encoder.input }
}

async function generatorFile(path: string, signal: AbortSignal | undefined): Promise<Generator> {
  const onnx = await readHashedOnnx(path)
  const generator = describedGenerator(onnx)
  const { dims, input } = generator
  checkEvaluationMode(path, onnx.graph)
  const tried = { path, name: path, bytes: onnx.bytes }
  const asked = { input: { name: FEATURE, shape: [2, dims] }, names: [IMAGE] }
  const { tensors, ...level } = await trialRun(tried, asked, signal)
  const image = tensors.get(IMAGE) as ShownTensor
  const shape = image.shape.join(', ')
  if (shape !== `2, 3, ${input.rows}, ${input.cols}`) {
    throw new InputError(
      `${path} gives an output of shape [${shape}] for 2 features, instead of [2, 3, ${input.rows}, ${input.cols}]; export it for any batch size, with one image per feature`,
    )
  }
  checkIndependence(path, 'its image', image)
  return { ...generator, ...level }
}

const FEATURE = 'feature'
const IMAGE = 'image'

/** Describes a generator by the metadata of its file. Encoder, layer and shapes must agree with the catalog. */
function describedGenerator(onnx: HashedOnnx): Generator {
  const { path, metadata } = onnx
  const id = basename(path, extname(path))
  const stated = (key: MetadataKey) => {
    const value = metadata.get(key)
    if (value !== undefined && value !== '') return value
    throw new InputError(`${path} lacks the metadata "${key}"; export the generator again with this metadata`)
  }
  const encoder = knownEncoder(path, stated('encoder'))
  const layer = stated('layer')
  const feature = stated('feature')
  if (feature !== 'pre-relu' && feature !== 'post-relu')
    throw new InputError(
      `the metadata "feature" of ${path} is "${printable(feature)}"; it must be pre-relu or post-relu`,
    )
  const dims = layerDims(path, encoder, layer)
  checkInterface(onnx, encoder, dims)
  const encoderSha256 = metadata.get('encoder_sha256') || null
  if (encoderSha256 !== null && encoder.sha256 !== null && encoderSha256 !== encoder.sha256)
    throw otherEncoder({ id, encoder: encoder.id }, printable(encoderSha256))
  const { weights } = withOwnWeights(onnx)
  const file = { id, onnxPath: path, ...weights }
  return { ...file, encoder: encoder.id, encoderSha256, layer, dims, feature, input: encoder.input }
}

function knownEncoder(path: string, id: string): CatalogEntry {
  try {
    return catalogEntry(id)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new InputError(
      `${path} is a generator for the network "${printable(id)}", which is not in the catalog; see "shiftscope models list"`,
      { cause: error },
    )
  }
}

function layerDims(path: string, encoder: CatalogEntry, name: string): number {
  const layer = encoder.layers.find((candidate) => candidate.name === name)
  if (!layer) {
    const known = encoder.layers.map((candidate) => candidate.name).join(', ')
    throw new InputError(
      `${path} is a generator for layer "${printable(name)}", but ${encoder.id} has only ${known}; use another generator`,
    )
  }
  return layer.dims ?? statedDims(readOnnxFile(embeddedFile(encoder)), name)
}

function checkInterface({ path, inputs, outputs }: OnnxFile, encoder: CatalogEntry, dims: number): void {
  const { rows, cols } = encoder.input
  const image = outputs.find(({ name }) => name === IMAGE)
  const isRight = inputs.length === 1 && hasShape(inputs[0], FEATURE, [dims]) && hasShape(image, IMAGE, [3, rows, cols])
  if (isRight) return
  const described = (tensors: readonly TypedTensor[]) =>
    tensors.slice(0, 3).map(({ name, type, shape }) => `${printable(name)} ${type} [${printable(shape.join(', '))}]`)
  throw new InputError(
    `${path} makes ${described(outputs).join(', ')} from ${described(inputs).join(', ') || 'nothing'}, but a generator for ${encoder.id} must make ${IMAGE} float32 [N, 3, ${rows}, ${cols}] from ${FEATURE} float32 [N, ${dims}]; use another generator`,
  )
}

function hasShape(tensor: TypedTensor | undefined, name: string, shape: readonly number[]): boolean {
  if (tensor?.name !== name || tensor.type !== 'float32') return false
  const [batch, ...rest] = tensor.shape
  return typeof batch === 'string' && rest.join() === shape.join()
}
