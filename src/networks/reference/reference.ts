import { existsSync, statSync } from 'node:fs'
import { extname, parse } from 'node:path'
import { z } from 'zod'
import { CHECKPOINT_EXTENSIONS } from '../../checkpoint/checkpoint.js'
import { UsageError } from '../../errors.js'
import { OUTPUT_KINDS, POOLS, SCORES } from '../../network.js'
import { checkText, type GivenOptions, oneOf, optionsIn, parseOptions } from '../../support/optionChecks.js'
import { printable } from '../../support/text.js'
import { catalogModels } from '../catalog/catalog.js'
import { INPUT_OPTIONS } from '../input/options.js'
import { boxesOption } from './boxFormat.js'
import { isHubReference } from './hubReference.js'

/*
 * A network is opened in four stages. Each has one file and one noun:
 * - Reference (reference.ts): the user's word, such as mobilenet_v2, x.onnx or new=x.onnx, and the options that go with
 *   it. No file is read.
 * - NetworkFile (networkFile.ts): the ONNX file that the reference names, read and hashed. For a checkpoint, it is the
 *   graph that was built from it.
 * - NetworkSetup (setUpNetwork.ts): how pixels become the input, which layers to read from which graph, and what their
 *   values mean.
 * - Network (network.ts): the result, as plain data.
 * chooseNetwork goes through all stages: parseReference, networkFile, setUpNetwork. An inspection stops earlier.
 */

/** Options for networks outside the catalog, whose files may say too little about their output. */
export const OUTPUT_OPTIONS = {
  /**
   * What the class scores mean: `probabilities`; `logits`, which give probabilities by a softmax; or `sigmoid`, where
   * each score is the probability of its class, independent of the others. By default, the graph decides.
   */
  scores: oneOf('meaning of scores', SCORES).exactOptional(),
  /**
   * What an output is: KIND for the only output, or NAME=KIND. Kinds are `scores` (one value per class), `embedding`,
   * `labels`, `tokens`, `map`, `boxes` and `other`. By default, the graph decides.
   */
  outputKind: z
    .string()
    .refine(
      (text) => OUTPUT_KINDS.some((kind) => kind === text.split('=').at(-1)),
      `KIND or NAME=KIND, where KIND is ${OUTPUT_KINDS.join(', ')}`,
    )
    .exactOptional(),
  /** In a transformer, the number of class and register tokens before those of the map. By default, the graph decides. */
  tokens: z
    .number()
    .refine((count) => Number.isInteger(count) && count >= 0, 'a whole number of at least 0')
    .exactOptional(),
  /**
   * How a detector states its boxes, as an order (`xyxy`, `yxyx`, `cxcywh` or `cycxhw`) and a unit (`px` or
   * `share`), such as `cxcywh,px`. By default, names, metadata and the graph decide.
   */
  boxes: z
    .string()
    .superRefine((text) => void boxesOption(text))
    .exactOptional(),
  /** A detector has seen a class if the best score is at least this, 0 to 1; 0.25 by default. */
  threshold: z
    .number()
    .refine((score) => score >= 0 && score <= 1, 'a number from 0 to 1')
    .exactOptional(),
  /**
   * Name of the class that a detector is to find. By default, the class that is right for the object’s category, or else
   * the best one at the center.
   */
  objectClass: z.string().exactOptional(),
}

/** Options for networks outside the catalog, whose files may say too little about input and output. */
export const OWN_OPTIONS = { ...INPUT_OPTIONS, ...OUTPUT_OPTIONS }

/** What a user says about a network outside the catalog; overrides its graph and the files beside it. */
export interface OwnOptions extends GivenOptions<typeof OWN_OPTIONS> {}

/** Options that may go with any reference. */
export const REFERENCE_OPTIONS = {
  /** Path of a checkpoint to use instead of the catalog's weights. */
  weights: z.string().exactOptional(),
  /**
   * Tensors to read as features: any of those that `inspectModel` lists. By default, all layers that the
   * catalog names; for an ONNX file, the embedding and the class scores.
   */
  layers: z.array(z.string()).readonly().exactOptional(),
  /**
   * How to reduce a feature map to one value per channel: `mean`, `max` or `center`. By default (`none`), the whole map
   * is flattened.
   */
  pool: oneOf('pool', POOLS).exactOptional(),
}

type OrUndefined<T> = { readonly [Name in keyof T]: T[Name] | undefined }

/** A network as the user names it, and how to read it. */
export interface GivenReference extends OrUndefined<GivenOptions<typeof REFERENCE_OPTIONS>>, OwnOptions {
  /**
   * Which network to open: an id in the catalog (see `shiftscope models list`), the path of an .onnx file,
   * `hf:OWNER/NAME` of a pulled model, or the path of a checkpoint of a catalog network. `NAME=` before it names the
   * network; see `splitName`.
   */
  readonly model: string
  /** The option with which the user can give weights, such as `weights FILE`. Error messages suggest it. */
  readonly weightsOption?: string | undefined
  /** Stops the trial runs of the graph. The call with these options rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A `GivenReference` whose word was parsed and whose options were checked. `model` is the word without the name. */
export interface Reference extends GivenReference {
  /** Name that the user gave to the network. */
  readonly name?: string
  /**
   * A path with a checkpoint's extension, or any other existing file whose name is not an id in the catalog, is a
   * `checkpoint`. Any other word is taken for an id in the catalog.
   */
  readonly kind: 'hub' | 'onnx' | 'checkpoint' | 'catalog'
  /** Name of the network in results. Without a given name, that of a checkpoint is known only after its file is read. */
  readonly id: string
}

/**
 * Splits `NAME=MODEL`. The path of an existing file or folder has no name, nor has a text that starts with `/`, `./` or
 * `../`. In any other text, all before the first `=` is the name.
 * @throws UsageError for an empty name, a name with a slash, or more than one name
 */
function splitName(text: string): { readonly name?: string; readonly model: string } {
  const at = text.indexOf('=')
  if (at < 0 || isHubReference(text) || /^\.{0,2}[/\\]/.test(text) || existsSync(text)) return { model: text }
  const [name, model] = [text.slice(0, at), text.slice(at + 1)]
  const refused = (cause: string) => new UsageError(`"${printable(text)}" ${cause}; write NAME=FILE or NAME=ID`)
  if (name.trim() === '') throw refused('gives a network an empty name')
  if (/[/\\]/.test(name)) throw refused('is not an existing file, and the name of a network cannot contain a slash')
  if (model === '') throw refused('names no network')
  if (splitName(model).name !== undefined)
    throw refused('contains two names, and the name of a network cannot contain "="')
  return { name, model }
}

/** @throws UsageError for an option that has a wrong value, or a wrong name */
export function parseReference(given: GivenReference): Reference {
  const { weightsOption, signal } = given
  checkText(given.model, 'the network')
  const { model, ...named } = splitName(given.model)
  const table = { ...REFERENCE_OPTIONS, ...OWN_OPTIONS }
  const options = { ...parseOptions(optionsIn(given, table), table), weightsOption, signal }
  const kind = kindOf(model)
  const { name: id = kind === 'onnx' ? parse(model).name : model } = named
  return { ...options, ...named, model, kind, id }
}

function kindOf(model: string): Reference['kind'] {
  if (isHubReference(model)) return 'hub'
  if (model.toLowerCase().endsWith('.onnx')) return 'onnx'
  if (CHECKPOINT_EXTENSIONS.includes(extname(model).toLowerCase())) return 'checkpoint'
  const isEntry = catalogModels().some(({ id }) => id === model)
  // Unlike `statSync`, `existsSync` also accepts words that no path can have.
  return !isEntry && existsSync(model) && statSync(model).isFile() ? 'checkpoint' : 'catalog'
}

/**
 * @param models the networks as the user gave them, with their ids
 * @throws UsageError if two have the same id, because results are stored under the id
 */
export function checkIds(models: readonly (readonly [model: string, id: string])[]): void {
  const ids = models.map(([, id]) => id)
  const second = models.find(([, id], i) => ids.indexOf(id) < i)
  if (second === undefined) return
  const [model, id] = second
  const [first] = models[ids.indexOf(id)]!
  throw new UsageError(
    `${first} and ${model} are both called ${id}; give one of them another name, such as ${id}-2=${splitName(model).model}`,
  )
}

/** Whether a reference names a network outside the catalog: an .onnx file, or a model of the Hugging Face hub. */
export function isOwnNetwork(model: string): boolean {
  const { kind } = parseReference({ model })
  return kind === 'onnx' || kind === 'hub'
}

/** Those of the options that go with a network: options for networks outside the catalog go with no other. */
export function ownOptionsFor(model: string, options: OwnOptions): OwnOptions {
  return isOwnNetwork(model) ? optionsIn<OwnOptions>(options, OWN_OPTIONS) : {}
}

/** @throws UsageError for an option of networks outside the catalog if none of the study's networks is one */
export function checkOwnOptions(models: readonly string[], options: OwnOptions): void {
  const [own] = Object.keys(optionsIn<OwnOptions>(options, OWN_OPTIONS))
  if (own !== undefined && !models.some(isOwnNetwork))
    throw UsageError.of`\`${own}\` is for networks outside the catalog, and this study has none; leave it out`
}
