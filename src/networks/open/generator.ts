import { UsageError } from '../../errors.js'
import type { Network, NetworkInput, RunnableGraph, WeightsFile } from '../../network.js'
import { readOnnxFile } from '../../onnx/format/onnxFile.js'
import { catalogEntry, type GeneratorEntry, generatorEntry, isPublished, listGenerators } from '../catalog/catalog.js'
import { catalogFile } from '../file/networkFile.js'
import { embeddedFile } from '../file/weights.js'
import { statedDims } from './setUpNetwork.js'

/** Whether features are taken before or after the ReLU that follows their layer. */
export type FeatureStage = 'pre-relu' | 'post-relu'

/**
 * A generator, ready to run. It makes images from features of one layer of a network, its encoder. The ONNX graph has
 * the input `feature`, float32 [N, dims], and the output `image`, float32 [N, 3, rows, cols]. The values of `image`
 * have the scale of the encoder's input.
 */
export interface Generator extends RunnableGraph, WeightsFile {
  /** Id in the catalog. */
  readonly id: string
  readonly encoder: string
  readonly layer: string
  readonly dims: number
  /** Stage of the features that the generator was trained on. A generator for `post-relu` needs features after ReLU. */
  readonly feature: FeatureStage
  /** The encoder's input, which says how the values of the image become pixels. */
  readonly input: NetworkInput
}

interface GeneratorOptions {
  /** Path of a checkpoint to use instead of the one that the user imported. */
  readonly weights?: string | undefined
  /**
   * Stage of the features that the generator was trained on; by default, the stage in the catalog. Only weights that are
   * not published may have another stage. Files of the original DeePSiM release are `post-relu`.
   */
  readonly feature?: FeatureStage | undefined
}

/** @param id in the catalog, such as `deepsim-fc6` */
export async function chooseGenerator(id: string, { weights, feature }: GeneratorOptions = {}): Promise<Generator> {
  const entry = generatorEntry(id)
  const file = await catalogFile(entry, weights)
  const generator = catalogGenerator(entry, { onnxPath: file.onnx.path, ...file.weights })
  return withStage(generator, entry, feature)
}

/** @throws UsageError if the generator is for another network or layer */
export function checkGenerator(generator: Generator, network: Network, layer: string): void {
  const { id, encoder } = generator
  const { catalogId = network.id } = network
  const fitting = listGenerators().find((entry) => entry.encoder === catalogId && entry.layer === layer)
  const remedy = `use ${fitting?.id ?? 'another generator'}`
  if (catalogId !== encoder)
    throw new UsageError(`${id} makes images from features of ${encoder}, not of ${catalogId}; ${remedy}`)
  if (generator.layer !== layer)
    throw new UsageError(`${id} makes images from ${generator.layer}, not from ${layer}; ${remedy}`)
}

/** Weights that are not published may have been trained on features of another stage. */
function withStage(generator: Generator, entry: GeneratorEntry, feature = generator.feature): Generator {
  const { id, layer, weightsSha256 } = generator
  const isFixed = layer === 'fc8' || isPublished(entry, weightsSha256)
  if (feature === generator.feature || !isFixed) return { ...generator, feature }
  const cause = layer === 'fc8' ? 'fc8 has no ReLU' : 'its weights are the published ones'
  throw UsageError.of`${id} needs features before ReLU, because ${cause}; leave \`postRelu\` out`
}

function catalogGenerator(entry: GeneratorEntry, file: RunnableGraph & WeightsFile): Generator {
  const { id, layer, feature } = entry
  const encoder = catalogEntry(entry.encoder)
  const dims = entry.dims ?? statedDims(readOnnxFile(embeddedFile(encoder)), layer)
  return { id, ...file, encoder: encoder.id, layer, dims, feature, input: encoder.input }
}
