import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { tryJson } from '../files/json.js'
import { counted } from '../support/text.js'
import { checkClasses } from './exported.js'
import { imagenetClasses } from './imagenetClasses.js'
import { jsonBeside } from './input/sources.js'
import type { Classes, FeatureLayer } from './network.js'
import type { NetworkFile } from './networkFile.js'
import { outputMeaning } from './onnx/graph/outputMeaning.js'
import { isOfProduct } from './onnx/graph/products.js'
import type { OnnxFile } from './onnx/onnxFile.js'
import { pythonNames } from './pythonNames.js'

/**
 * The classes of a network's last output. Undefined if that output is not among `layers`, or its classes are unknown.
 * These sources are tried in turn, until one names as many classes as the output has values:
 * - a file beside the model: NAME.labels.json or labels.json (a list of names, or an object of names by index), or
 *   config.json (Hugging Face's id2label, timm's label_names);
 * - `classes` in the model's metadata, or `names`, which Ultralytics writes as a Python dict;
 * - ImageNet's classes, if the output has 1000 or 1001 values;
 * - the class numbers, if a fully connected layer computes the output. Other outputs may not be class scores.
 * @throws InputError if NAME.labels.json is damaged, or does not have one name per value of the output
 * @throws InputError if the catalog says that the network has ImageNet's classes, and the output does not have 1000 values
 */
export async function classesOf(
  { reference, onnx, folders, entry }: Pick<NetworkFile, 'reference' | 'onnx' | 'folders' | 'entry'>,
  layers: readonly Pick<FeatureLayer, 'name' | 'dims' | 'isMap'>[],
): Promise<Classes | undefined> {
  const last = onnx.outputs.at(-1)?.name
  const layer = layers.find(({ name }) => name === last)
  if (layer === undefined) return undefined
  const { name, dims, isMap } = layer
  checkClasses(entry, onnx.path, dims)
  if (isMap) return undefined
  const found = (await namedClasses({ onnx, folders }, [dims])) ?? ofImagenet(dims) ?? numbered(onnx, name, dims)
  const scores = outputMeaning(onnx.graph, name)
  const { scores: stated } = reference
  return found && { layer: name, ...found, scores: stated ? { ...scores, meaning: stated, source: 'options' } : scores }
}

export type NamedClasses = Omit<Classes, 'layer' | 'scores'>

/**
 * Finds names of classes in a file beside the model or in its metadata.
 * @param counts numbers of classes that the network may have
 * @param isSure whether the network has one of them, so that NAME.labels.json must name as many
 */
export async function namedClasses(
  { onnx, folders }: Pick<NetworkFile, 'onnx' | 'folders'>,
  counts: readonly number[],
  isSure = true,
): Promise<NamedClasses | undefined> {
  const { path, metadata } = onnx
  const own = join(dirname(path), `${basename(path, extname(path))}.labels.json`)
  const ownNames = labelNames(await jsonBeside(own, true))
  if (ownNames !== undefined && counts.includes(ownNames.length)) return { names: ownNames, source: basename(own) }
  if (ownNames !== undefined && isSure)
    throw new InputError(
      `${own} names ${counted(ownNames.length, 'class', 'classes')}, but the network has ${counts[0]}; correct the file, or remove it`,
    )
  for (const file of ['labels.json', 'config.json']) {
    for (const folder of folders) {
      const names = labelNames(await jsonBeside(join(folder, file), false))
      if (names !== undefined && counts.includes(names.length)) return { names, source: file }
    }
  }
  const stated = labelNames(tryJson(metadata.get('classes') ?? '')) ?? pythonNames(metadata.get('names') ?? '')
  return stated && counts.includes(stated.length) ? { names: stated, source: 'metadata of the model' } : undefined
}

const listSchema = z.array(z.string())
const byIndexSchema = z.record(z.string().regex(/^\d+$/), z.string())
const configSchema = z.looseObject({ id2label: byIndexSchema.optional(), label_names: listSchema.optional() })

function labelNames(document: unknown): readonly string[] | undefined {
  const list = listSchema.safeParse(document).data
  if (list !== undefined) return list
  const config = configSchema.safeParse(document).data
  const byIndex = config?.id2label ?? byIndexSchema.safeParse(document).data
  if (byIndex === undefined) return config?.label_names
  const names = Object.entries(byIndex).sort(([a], [b]) => Number(a) - Number(b))
  return names.length > 0 && names.every(([index], i) => Number(index) === i)
    ? names.map(([, name]) => name)
    : undefined
}

/** TensorFlow's networks have 1001 classes: a background class, then ImageNet's 1000. */
function ofImagenet(count: number): NamedClasses | undefined {
  if (count !== 1000 && count !== 1001) return undefined
  const names = imagenetClasses()
  return { names: count === 1000 ? names : ['background', ...names], source: `ImageNet’s, as there are ${count}` }
}

function numbered({ graph }: OnnxFile, output: string, count: number): NamedClasses | undefined {
  if (count < 2 || !isOfProduct(graph, output)) return undefined
  return {
    names: Array.from({ length: count }, (_, i) => `class ${i}`),
    source: 'their numbers, since nothing names them',
  }
}
