import { join } from 'node:path'
import type { Scene } from '../../engine/scene/task.js'
import { type ArithmeticCounts, trialImages } from '../../experiments/arithmetic/accuracy.js'
import { namesOf, parseExpression } from '../../experiments/arithmetic/expression.js'
import { ARITHMETIC_SCENES, SCENE_SIZE } from '../../experiments/arithmetic/scenes.js'
import { type ArithmeticTrial, randomTrials, trialSize } from '../../experiments/arithmetic/trials.js'
import { type SceneRenderer, sceneRenderer } from '../../experiments/scenes/scenePatches.js'
import { fileVersion } from '../../files/regularFile.js'
import { sha256 } from '../../files/sha256.js'
import type { Network } from '../../network.js'
import { recipeText } from '../../networks/input/recipe.js'
import { allTokensText, poolText } from '../../onnx/graph/tokens.js'
import type { NamedBackground } from '../../patches/background.js'
import { builtInPatches } from '../../patches/collection.js'
import type { PatchSource } from '../../patches/patch.js'
import {
  type AccuracyDocument,
  ARITHMETIC_FORMAT,
  readAccuracy,
  readArithmetic,
} from '../../results/arithmetic/document.js'
import { accuracyPath, arithmeticFolder } from '../../results/arithmetic/study.js'
import type { WorkItem } from '../items/workItem.js'
import { type DrawnExpression, drawExpression, operandOf } from './drawnExpression.js'
import type { NetworkWithGenerators } from './generators.js'

/** The feature arithmetic that a study must still compute with one network: built-in scenes, and random expressions. */
export interface MissingArithmetic {
  readonly models: NetworkWithGenerators
  /** Built-in scenes whose results are not stored yet, in the order of `ARITHMETIC_SCENES`. */
  readonly scenes: readonly { readonly folder: string; readonly drawn: DrawnExpression }[]
  /** Random expressions. The study counts how many of their results show exactly the expected objects. */
  readonly accuracy: {
    readonly path: string
    readonly inputs: AccuracyDocument['inputs']
    readonly trials: readonly ArithmeticTrial[]
    readonly drawing: SceneRenderer
    /**
     * `counts` covers the first `done` expressions, and the work continues with the next one. If no counts are stored,
     * `done` is 0. Null if the final file already covers all expressions.
     */
    readonly before: { readonly done: number; readonly counts: readonly ArithmeticCounts[] } | null
  }
}

interface ArithmeticSettings {
  readonly out: string
  /** Patches for the random expressions. Scenes always use the built-in patches. */
  readonly patches: readonly PatchSource[]
  readonly background: NamedBackground
  readonly blend: Scene['blend']
  readonly trialsPerKind: number
  readonly seed: number
  readonly signal?: AbortSignal | undefined
}

/** The arithmetic of one network. */
export interface ArithmeticItem extends WorkItem {
  readonly kind: 'arithmetic'
  readonly missing: MissingArithmetic
  /** Reads the results folder again and plans only results that are still missing. */
  readonly again: () => Promise<ArithmeticItem>
}

export function arithmeticTitle(model: string): string {
  return `arithmetic ${model}`
}

export async function arithmeticItem(
  models: NetworkWithGenerators,
  options: ArithmeticSettings,
): Promise<ArithmeticItem> {
  const missing = await missingArithmetic(models, options)
  const { network } = models
  const { path } = missing.accuracy
  const again = () => arithmeticItem(models, options)
  return {
    kind: 'arithmetic',
    network,
    title: arithmeticTitle(network.id),
    group: '',
    images: imagesOfArithmetic(missing),
    // This file is written last.
    path,
    find: async () => ({ state: isFinished(missing) ? 'finished' : 'missing' }),
    isStored: async () => isFinished((await again()).missing),
    version: () => fileVersion(path),
    missing,
    again,
  }
}

/** What run.json says about the arithmetic of a network. `status` reads `inputsSha256`. */
export function describeArithmetic({ network, missing }: ArithmeticItem) {
  const { models, accuracy } = missing
  const { patches, background, trialsPerKind, seed } = accuracy.inputs
  return {
    model: network.id,
    weightsPath: network.weightsPath,
    weightsSha256: network.weightsSha256,
    generators: models.generators.map(({ id, weightsPath, weightsSha256 }) => ({ id, weightsPath, weightsSha256 })),
    patches,
    background,
    expressionsPerKind: trialsPerKind,
    seed,
    inputsSha256: sha256(JSON.stringify(accuracy.inputs)),
  }
}

/** For a network without generators, no scenes are planned, because their results cannot be turned into pictures. */
async function missingArithmetic(
  models: NetworkWithGenerators,
  options: ArithmeticSettings,
): Promise<MissingArithmetic> {
  const { network } = models
  const { out, background, blend, signal } = options
  const side = network.input.rows
  const drawing = { patches: await builtInPatches(), background, side, blend, signal }
  const scenes: { folder: string; drawn: DrawnExpression }[] = []
  const wanted = models.generators.length > 0 ? ARITHMETIC_SCENES : []
  for (const { name, expression, images } of wanted) {
    const terms = parseExpression(expression)
    const names = namesOf(terms, Object.keys(images))
    const operands = names.map((one) => operandOf(one, images[one]!, SCENE_SIZE))
    const drawn = await drawExpression(expression, terms, operands, drawing)
    const folder = join(arithmeticFolder(out, network.id), name)
    if (!(await isComputed(folder, models, drawn))) scenes.push({ folder, drawn })
  }
  return { models, scenes, accuracy: await planAccuracy(models, options) }
}

/** Whether a scene's folder is complete, undamaged and made from the same inputs. */
async function isComputed(folder: string, { network, generators }: NetworkWithGenerators, drawn: DrawnExpression) {
  const stored = await readArithmetic(folder).catch(() => undefined)
  if (stored === undefined) return false
  const { background, blend, expression } = drawn
  const wanted = {
    of: [network.id, network.weightsSha256, background, blend, expression, 'zero'],
    layers: generators.map(({ layer, weightsSha256, feature }) => [layer, weightsSha256, feature]),
    pixels: [...drawn.operands, drawn.expectation].map(({ image }) => sha256(image)),
  }
  const { model, weightsSha256, origin, layers, operands, expectation } = stored
  const has = {
    of: [model, weightsSha256, stored.background, stored.blend, stored.expression, origin],
    layers: layers.map(({ layer, generatorSha256, feature }) => [layer, generatorSha256, feature]),
    pixels: [...operands, expectation].map((image) => image.sha256),
  }
  return JSON.stringify(has) === JSON.stringify(wanted)
}

function readingOf({ layers, pool, input }: Network) {
  const pooling = poolText({ pool, tokens: allTokensText(layers) })
  return { layers: layers.map(({ name }) => name), pool: pooling, input: recipeText(input) }
}

async function planAccuracy(
  { network, generators }: NetworkWithGenerators,
  { out, patches, background, blend, trialsPerKind, seed, signal }: ArithmeticSettings,
): Promise<MissingArithmetic['accuracy']> {
  const side = network.input.rows
  const names = patches.map(({ name }) => name)
  const size = trialSize(SCENE_SIZE, side)
  const trials = randomTrials(names, size, side, trialsPerKind, seed)
  const everyPatch = names.map((patch) => ({ patch, size, row: 0, col: 0 }))
  const drawing = await sceneRenderer(everyPatch, patches, background.background, side, blend, signal)
  const inputs: AccuracyDocument['inputs'] = {
    format: ARITHMETIC_FORMAT,
    model: network.id,
    weightsSha256: network.weightsSha256,
    generators: generators.map(({ id, layer, weightsSha256 }) => ({ layer, id, sha256: weightsSha256 })),
    ...(network.inputSource !== 'catalog' || generators.length === 0 ? { reading: readingOf(network) } : {}),
    patches: drawing.patches.map(({ name, sha256 }) => ({ name, sha256 })),
    size,
    background: background.identity,
    blend,
    trialsPerKind,
    seed,
  }
  const path = accuracyPath(out, network.id)
  const whole = await countsOf(path, inputs)
  if (whole?.done === trials.length) return { path, inputs, trials, drawing, before: null }
  const partial = await countsOf(partialPath(path), inputs)
  const before = partial !== undefined && partial.done <= trials.length ? partial : { done: 0, counts: [] }
  return { path, inputs, trials, drawing, before }
}

/** Reads stored counts. Undefined if the file is missing or damaged, or was made from other inputs. */
async function countsOf(path: string, inputs: AccuracyDocument['inputs']) {
  const stored = await readAccuracy(path).catch(() => undefined)
  if (stored === undefined || JSON.stringify(stored.inputs) !== JSON.stringify(inputs)) return undefined
  return { done: stored.done, counts: stored.counts }
}

export function partialPath(path: string): string {
  return `${path}.partial`
}

/**
 * Whether nothing is left to do. An interrupted run may have stored all counts, but not in the final file. Then no
 * images are left, but `before` is not null, and `computeAccuracy` writes that file.
 */
export function isFinished(missing: MissingArithmetic): boolean {
  return imagesOfArithmetic(missing) === 0 && missing.accuracy.before === null
}

function imagesOfArithmetic({ scenes, accuracy }: MissingArithmetic): number {
  const ofScenes = scenes.reduce((sum, { drawn }) => sum + drawn.operands.length + 2, 0)
  const trialsLeft = accuracy.before === null ? [] : accuracy.trials.slice(accuracy.before.done)
  return ofScenes + trialsLeft.reduce((sum, trial) => sum + trialImages(trial), 0)
}
