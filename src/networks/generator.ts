import { basename, extname } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { printable } from '../support/text.js'
import { type CatalogEntry, catalogEntry, type GeneratorEntry, generatorEntry, listGenerators } from './catalog.js'
import type { Network, NetworkInput, RunnableGraph } from './network.js'
import type { ShownTensor } from './onnx/featureNodes.js'
import { checkEvaluationMode, checkIndependence } from './onnx/independence.js'
import {
  type HashedModel,
  type MetadataKey,
  type OnnxModel,
  readHashedOnnx,
  readOnnxFile,
  type TypedTensor,
} from './onnx/onnxFile.js'
import { trialRun } from './onnx/trialRun.js'
import { checkpointGraph, embeddedFile, importedWeights, missingWeights, statedDims } from './weights.js'

/** Whether features are taken before or after the ReLU that follows their layer. */
export type FeatureStage = 'pre-relu' | 'post-relu'

/**
 * A generator that is ready to run: it makes images from features of one layer of a network, its encoder. The ONNX
 * graph has the input `feature`, float32 [N, dims], and the output `image`, float32 [N, 3, rows, cols] in the units of
 * the encoder's input.
 */
export interface Generator {
  /** Id in the catalog, or the stem of the ONNX file. */
  readonly id: string
  /** The ONNX file to run. */
  readonly path: string
  /** Level of optimisation, as for a network. */
  readonly optimization?: RunnableGraph['optimization']
  /** The checkpoint that the graph was built from, or the ONNX file itself. */
  readonly weightsPath: string
  readonly weightsSha256: string
  readonly weightsBytes: number
  /** Id of the encoder in the catalog: the network whose features it takes. */
  readonly encoder: string
  /** SHA-256 of the encoder's weights in the generator's training; null if unknown. */
  readonly encoderSha256: string | null
  readonly layer: string
  readonly dims: number
  /** The stage of its training features; for `post-relu`, apply ReLU to features first. */
  readonly feature: FeatureStage
  /** The encoder's input, which gives the values of the image their meaning. */
  readonly input: NetworkInput
}

/**
 * Makes a generator ready to run.
 *
 * @param id of the catalog (`deepsim-fc6`, …), or the path of an .onnx file with the graph of `Generator` and the
 * metadata `encoder`, `encoder_sha256`, `layer` and `feature`
 * @param weights a checkpoint to use instead of the imported one
 * @param feature stage of the training features, if the weights are not known (files of the original DeePSiM release
 * are `post-relu`); by default, the catalog's
 * @param signal stops the trial run of a file; the call rejects with the signal's reason
 * @throws UsageError for an id that is unknown or a network's, and for a `feature` or `weights` that does not fit;
 * InputError when weights are missing, damaged or of another shape, or the encoder that the file names is not here
 */
export async function chooseGenerator(
  id: string,
  weights?: string,
  feature?: FeatureStage,
  signal?: AbortSignal,
): Promise<Generator> {
  if (extname(id).toLowerCase() === '.onnx') {
    if (weights !== undefined) throw new UsageError(`${id} holds its own weights; leave other weights out`)
    return requireStage(await generatorFile(id, signal), feature)
  }
  const entry = generatorEntry(id)
  if (entry.kind === 'published') return publishedGenerator(entry, weights ?? (await importedWeights(id)), feature)
  if (weights !== undefined) throw new UsageError(`${id} is built in and takes no other weights; leave them out`)
  return requireStage(await embeddedGenerator(entry), feature)
}

/**
 * Checks that a generator takes the features of a layer of a network.
 *
 * @throws UsageError for another network or another layer; InputError when the generator was trained with other weights
 * of the network
 */
export function checkGenerator(generator: Generator, network: Network, layer: string): void {
  const { id, encoder, encoderSha256 } = generator
  const fitting = listGenerators().find((entry) => entry.encoder === network.id && entry.layer === layer)
  const remedy = `use ${fitting?.id ?? 'another generator'}`
  if (network.id !== encoder)
    throw new UsageError(`${id} makes images from features of ${encoder}, not of ${network.id}; ${remedy}`)
  if (generator.layer !== layer)
    throw new UsageError(`${id} makes images from ${generator.layer}, not from ${layer}; ${remedy}`)
  if (encoderSha256 !== null && encoderSha256 !== network.weightsSha256) throw otherEncoder(generator, encoderSha256)
}

function otherEncoder({ id, encoder }: Pick<Generator, 'id' | 'encoder'>, sha256: string): InputError {
  return new InputError(
    `${id} was trained for other weights of ${encoder} (SHA-256 ${sha256.slice(0, 8)}…); use a generator of these weights`,
  )
}

/** Refuses any stage but the generator's own. */
function requireStage(generator: Generator, feature: FeatureStage | undefined): Generator {
  const { id } = generator
  if (feature === undefined || feature === generator.feature) return generator
  throw new UsageError(`${id} takes ${stageText(generator.feature)}, not ${stageText(feature)}; leave that choice out`)
}

function stageText(stage: FeatureStage): string {
  return stage === 'pre-relu' ? 'features before ReLU' : 'features after ReLU'
}

async function publishedGenerator(
  entry: GeneratorEntry,
  weightsPath: string | undefined,
  feature: FeatureStage = entry.feature,
): Promise<Generator> {
  if (weightsPath === undefined) throw missingWeights(entry)
  const { id, encoder, layer, sources } = entry
  const { graph, ...weights } = await checkpointGraph(entry, weightsPath)
  const isPublished = sources.some((source) => source.sha256 === weights.weightsSha256)
  if (feature !== entry.feature && (isPublished || layer === 'fc8')) {
    const cause = layer === 'fc8' ? 'fc8 has no ReLU' : `${weightsPath} is the published file`
    throw new UsageError(`${id} takes ${stageText(entry.feature)}: ${cause}; leave that choice out`)
  }
  return {
    id,
    path: graph.path,
    ...weights,
    encoder,
    encoderSha256: null,
    layer,
    dims: entry.dims as number,
    feature,
    input: catalogEntry(encoder).input,
  }
}

async function embeddedGenerator(entry: GeneratorEntry): Promise<Generator> {
  const generator = describedGenerator(entry.id, await readHashedOnnx(embeddedFile(entry)))
  if (generator.encoder === entry.encoder && generator.layer === entry.layer) return generator
  throw new InputError(
    `${generator.path} is a generator of ${generator.layer} of ${generator.encoder}, not of ${entry.layer} of ${entry.encoder}; install the package again`,
  )
}

/** Opens a user's generator. Its file is tried before it is trusted. */
async function generatorFile(path: string, signal: AbortSignal | undefined): Promise<Generator> {
  const model = await readHashedOnnx(path)
  const generator = describedGenerator(basename(path, extname(path)), model)
  const { dims, input } = generator
  checkEvaluationMode(path, model.graph)
  const tried = { path, name: path, bytes: model.bytes }
  const { tensors, ...level } = await trialRun(tried, { name: FEATURE, shape: [2, dims] }, [IMAGE], signal)
  const image = tensors.get(IMAGE) as ShownTensor
  const shape = image.shape.join(', ')
  if (shape !== `2, 3, ${input.rows}, ${input.cols}`) {
    throw new InputError(
      `${path} makes [${shape}] from two features instead of [2, 3, ${input.rows}, ${input.cols}]; export it for any batch`,
    )
  }
  checkIndependence(path, 'its image', image)
  return { ...generator, ...level }
}

const FEATURE = 'feature'
const IMAGE = 'image'

/** Makes a generator from the metadata of its ONNX file. Encoder, layer and shapes must be the catalog's. */
function describedGenerator(id: string, model: HashedModel): Generator {
  const { path, metadata, sha256, bytes } = model
  const stated = (key: MetadataKey) => {
    const value = metadata.get(key)
    if (value !== undefined && value !== '') return value
    throw new InputError(`${path} has no metadata "${key}"; export the generator with it`)
  }
  const encoder = knownEncoder(path, stated('encoder'))
  const layer = stated('layer')
  const feature = stated('feature')
  if (feature !== 'pre-relu' && feature !== 'post-relu')
    throw new InputError(`${path} is for features "${printable(feature)}"; they must be pre-relu or post-relu`)
  const dims = layerDims(path, encoder, layer)
  checkInterface(model, encoder, dims)
  const encoderSha256 = metadata.get('encoder_sha256') || null
  if (encoderSha256 !== null && encoder.sha256 !== null && encoderSha256 !== encoder.sha256)
    throw otherEncoder({ id, encoder: encoder.id }, printable(encoderSha256))
  const file = { id, path, weightsPath: path, weightsSha256: sha256, weightsBytes: bytes }
  return { ...file, encoder: encoder.id, encoderSha256, layer, dims, feature, input: encoder.input }
}

function knownEncoder(path: string, id: string): CatalogEntry {
  try {
    return catalogEntry(id)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new InputError(
      `${path} is a generator of "${printable(id)}", which is not a known network; see "shiftscope models list"`,
      { cause: error },
    )
  }
}

/** Number of features of a layer of the encoder: the catalog's, or else the encoder file's. */
function layerDims(path: string, encoder: CatalogEntry, name: string): number {
  const layer = encoder.layers.find((candidate) => candidate.name === name)
  if (!layer) {
    const known = encoder.layers.map((candidate) => candidate.name).join(', ')
    throw new InputError(
      `${path} is a generator of layer "${printable(name)}" of ${encoder.id}, which has ${known}; use another generator`,
    )
  }
  return layer.dims ?? statedDims(readOnnxFile(embeddedFile(encoder)), name)
}

function checkInterface({ path, inputs, outputs }: OnnxModel, encoder: CatalogEntry, dims: number): void {
  const { rows, cols } = encoder.input
  const image = outputs.find(({ name }) => name === IMAGE)
  const isRight = inputs.length === 1 && hasShape(inputs[0], FEATURE, [dims]) && hasShape(image, IMAGE, [3, rows, cols])
  if (isRight) return
  const described = (tensors: readonly TypedTensor[]) =>
    tensors.slice(0, 3).map(({ name, type, shape }) => `${printable(name)} ${type} [${printable(shape.join(', '))}]`)
  throw new InputError(
    `${path} makes ${described(outputs).join(', ')} from ${described(inputs).join(', ') || 'nothing'}; a generator of ${encoder.id} makes ${IMAGE} float32 [N, 3, ${rows}, ${cols}] from ${FEATURE} float32 [N, ${dims}]: use another generator`,
  )
}

function hasShape(tensor: TypedTensor | undefined, name: string, shape: readonly number[]): boolean {
  if (tensor?.name !== name || tensor.type !== 'float32') return false
  const [batch, ...rest] = tensor.shape
  return typeof batch === 'string' && rest.join() === shape.join()
}
