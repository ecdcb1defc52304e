import { resolve } from 'node:path'
import { checkMemory } from '../engine/machineMemory.js'
import { hasAnswers, type PlannedUnit, planUnits, sketchDims } from '../engine/plan.js'
import type { Scene } from '../engine/task.js'
import { InputError, UsageError } from '../errors.js'
import { assignFolds, TASKS, taskClasses } from '../experiments/folds.js'
import {
  chooseNetwork,
  type GeneratorEntry,
  inputOptionsOf,
  isOwnNetwork,
  isPlaceholder,
  listGenerators,
  type Network,
  ownId,
  type Precision,
  recipeText,
} from '../networks/index.js'
import { type SketchedGroup, sketchedPatches } from '../page/siteSketches.js'
import { type NamedBackground, readBackground } from '../patches/background.js'
import { patchesFrom } from '../patches/collection.js'
import { type Patch, patchesOfSource } from '../patches/patch.js'
import { checkResultsFolder } from '../results/resultsFolder.js'
import { UNIT_FORMAT, type UnitInputs } from '../results/unit/schema.js'
import { findUnit, unitVersion } from '../results/unit/store.js'
import { type ArithmeticPlan, planArithmetic } from './arithmeticPlan.js'
import { byIds } from './checkpointModels.js'
import { chooseGenerators, type NetworkWithGenerators } from './generators.js'
import type { ResolvedOptions } from './options.js'
import { orPlaceholders, weightlessNetwork } from './weightlessModels.js'

/** A study ready to be computed. */
export interface Study {
  readonly out: string
  readonly networks: readonly Network[]
  /** Every patch at every size. */
  readonly patches: readonly Patch[]
  readonly stride: number
  /** By the side of a network's frame. */
  readonly backgrounds: ReadonlyMap<number, NamedBackground>
  readonly blend: Scene['blend']
  readonly precision: Precision
  readonly separability: UnitInputs['separability']
  readonly keepsFeatures: boolean
  readonly units: readonly PlannedUnit[]
  /** Names of the patches whose units keep sketches. */
  readonly sketched: ReadonlySet<string>
  /** Those that the results folder does not hold yet. */
  readonly left: readonly PlannedUnit[]
  /** Of those that stand there damaged, or made otherwise, which one that is: only another in its place is a finished one. */
  readonly unwanted: ReadonlyMap<PlannedUnit, string>
  /** How many of these replace a unit that was made otherwise, and in what those differ: `stride 3, not 1`. */
  readonly replaced: { readonly units: number; readonly differences: readonly string[] }
  /** One for each network whose features are added and subtracted. */
  readonly arithmetic: readonly ArithmeticPlan[]
}

/**
 * Finds networks and patches, and the units that are still to be computed.
 * @param withPlaceholders placeholders, with which nothing can be computed, take the place of published networks and
 * generators whose weights are not here; by default that is an error
 * @throws UsageError for options that make no study, or one that does not fit into the memory; InputError for files that are missing or damaged; the
 * signal's reason
 */
export async function planStudy(given: ResolvedOptions, withPlaceholders = false): Promise<Study> {
  const options = await withIds(given)
  const { sizes, stride, blend, precision, separability, keepFeatures: keepsFeatures, unitModels, signal } = options
  checkWeights(options)
  checkLayers(options)
  const networks = await networksOf(options, withPlaceholders)
  const backgrounds = await backgroundsOf(options.background, networks, signal)
  const frame = Math.min(...networks.map(({ input }) => input.rows))
  const patches = unitModels.length > 0 ? await patchesOf(options.patches, sizes, frame, blend, signal) : []
  const units = planUnits(networks, patches, stride)
  for (const { network, grid } of units) checkMemory(network, grid)
  checkFolds(units, separability)
  const out = resolve(options.out)
  await checkResultsFolder(out)
  // Features are at hand where classifiers are trained; where they are kept, nobody needs sketches of them.
  const sketched = sketchedPatches(separability === null || keepsFeatures ? [] : sketchGroups(units))
  const study = {
    ...{ out, networks, patches, stride, backgrounds, blend, precision, separability, keepsFeatures, units, sketched },
    left: [],
    unwanted: new Map(),
    replaced: { units: 0, differences: [] },
    arithmetic: [],
  }
  return { ...study, ...(await unitsLeft(study)), arithmetic: await arithmeticPlans(options, withPlaceholders, out) }
}

/** Checkpoints among the models become ids with weights. */
async function withIds(options: ResolvedOptions): Promise<ResolvedOptions> {
  const { unitModels, arithmeticModels, weights } = options
  const units = await byIds({ models: unitModels, weights })
  const arithmetic = await byIds({ models: arithmeticModels, weights })
  return {
    ...options,
    unitModels: units.models,
    arithmeticModels: arithmetic.models,
    weights: { ...units.weights, ...arithmetic.weights },
  }
}

/** What the results folder lacks of a study. */
async function unitsLeft(study: Study): Promise<Pick<Study, 'left' | 'unwanted' | 'replaced'>> {
  const left: PlannedUnit[] = []
  const unwanted = new Map<PlannedUnit, string>()
  const differences = new Set<string>()
  let units = 0
  for (const unit of study.units) {
    if (isPlaceholder(unit.network)) {
      left.push(unit)
      continue
    }
    const inputs = unitInputs(study, unit)
    const version = await unitVersion(study.out, inputs)
    const stored = await findUnit(study.out, inputs)
    if (stored.state === 'finished') continue
    left.push(unit)
    if (version !== undefined) unwanted.set(unit, version)
    if (stored.state === 'missing') continue
    units++
    for (const difference of stored.differences) differences.add(difference)
  }
  return { left, unwanted, replaced: { units, differences: [...differences] } }
}

/**
 * Tries the fold schemes on every grid, before an image is computed.
 * @throws UsageError if a grid is too small for them
 */
function checkFolds(units: readonly PlannedUnit[], classifier: UnitInputs['separability']): void {
  if (classifier === null) return
  for (const grid of new Set(units.map((unit) => unit.grid))) {
    for (const [task, scheme] of TASKS.flatMap((task) => classifier.cv.map((scheme) => [task, scheme] as const))) {
      try {
        assignFolds(scheme, taskClasses(task, grid), grid, classifier.seed)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        throw new UsageError(
          `separability cannot be measured on a grid of ${grid.rows}×${grid.cols} positions, too few for five folds of each half; use smaller \`sizes\` or \`stride\`, or \`experiments similarity\``,
          { cause: error },
        )
      }
    }
  }
}

async function backgroundsOf(
  text: string,
  networks: readonly Network[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, NamedBackground>> {
  const frames = new Set(networks.map(({ input }) => input.rows))
  const backgrounds = new Map<number, NamedBackground>()
  for (const frame of frames) backgrounds.set(frame, await readBackground(text, frame, signal))
  return backgrounds
}

/** What stands behind the patches in a network's frame. */
export function backgroundFor({ backgrounds }: Study, { input }: Network): NamedBackground {
  return backgrounds.get(input.rows) as NamedBackground
}

/** What decides a unit's numbers. */
export function unitInputs(study: Study, unit: PlannedUnit): UnitInputs {
  const { network, patch, grid } = unit
  const { blend, precision, separability, keepsFeatures, sketched } = study
  return {
    format: UNIT_FORMAT,
    model: network.id,
    weightsSha256: network.weightsSha256,
    layers: network.layers.map(({ name }) => name),
    patch: patch.name,
    patchSha256: patch.sha256,
    category: patch.category ?? null,
    size: patch.size,
    stride: grid.stride,
    background: backgroundFor(study, network).identity,
    blend,
    ...(precision === 'fp16' && { precision }),
    ...(network.pool && { pool: network.pool }),
    ...(network.inputSource !== 'catalog' && { input: recipeText(network.input) }),
    separability,
    keepsFeatures,
    ...(sketched.has(patch.name) && { sketches: true }),
  }
}

/** What sketches of all units would take in the page. */
function sketchGroups(units: readonly PlannedUnit[]): readonly SketchedGroup[] {
  const groups = new Map<string, PlannedUnit[]>()
  for (const unit of units) {
    const name = JSON.stringify([unit.network.id, unit.patch.size])
    const group = groups.get(name) ?? []
    groups.set(name, group)
    group.push(unit)
  }
  return [...groups.values()].map((own) => {
    const { network, grid } = own[0] as PlannedUnit
    return {
      positions: grid.rows * grid.cols,
      layers: network.layers.length,
      hasAnswers: hasAnswers(network),
      units: own.map((unit) => ({ patch: unit.patch.name, dims: sketchDims(unit) })),
    }
  })
}

/** Known generators of a network's wanted layers. */
function generatorsOf(model: string, { layers }: ResolvedOptions): readonly GeneratorEntry[] {
  const own = listGenerators().filter(({ encoder }) => encoder === model)
  const wanted = layersOf(model, layers)
  return own.filter(({ layer }) => wanted === undefined || wanted.includes(layer))
}

/** @throws UsageError for weights of a network or generator that takes no part */
function checkWeights(options: ResolvedOptions): void {
  const { unitModels, arithmeticModels, weights } = options
  const generators = [...new Set(arithmeticModels)].flatMap((model) => generatorsOf(model, options))
  const used = [...new Set([...unitModels, ...arithmeticModels, ...generators.map(({ id }) => id)])]
  const stray = Object.keys(weights).find((id) => !used.includes(id))
  if (stray === undefined) return
  throw new UsageError(
    `\`weights\` names ${stray}, which is not among the networks and generators of this run, ${used.join(', ')}; these are chosen by \`models\`, \`layers\` and \`experiments\``,
  )
}

async function networksOf(options: ResolvedOptions, withPlaceholders: boolean): Promise<readonly Network[]> {
  const networks: Network[] = []
  for (const model of new Set(options.unitModels)) networks.push(await networkOf(model, options, withPlaceholders))
  checkIds(networks)
  return networks
}

async function networkOf(model: string, options: ResolvedOptions, withPlaceholders: boolean): Promise<Network> {
  const { layers, pool, weights, signal } = options
  const choice = {
    ...{ model, layers: layersOf(model, layers), pool, signal },
    ...(isOwnNetwork(model) && inputOptionsOf(options)),
    ...{ weights: weights[model], weightsOption: `weights ${model}=FILE` },
  }
  const placeholder = withPlaceholders ? await weightlessNetwork(choice) : undefined
  return placeholder ?? chooseNetwork(choice)
}

/** What is to be read of a network. */
function layersOf(model: string, layers: ResolvedOptions['layers']): readonly string[] | undefined {
  if (layers === undefined || isList(layers)) return layers
  return layers[model] ?? layers[idOf(model)]
}

function isList(layers: NonNullable<ResolvedOptions['layers']>): layers is readonly string[] {
  return Array.isArray(layers)
}

/** As `Network.id`. */
function idOf(model: string): string {
  return isOwnNetwork(model) ? ownId(model) : model
}

/** @throws UsageError for layers of a network that takes no part */
function checkLayers({ unitModels, arithmeticModels, layers }: ResolvedOptions): void {
  if (layers === undefined || isList(layers)) return
  const models = new Set([...unitModels, ...arithmeticModels])
  const known = new Set([...models, ...[...models].map(idOf)])
  const stray = Object.keys(layers).find((id) => !known.has(id))
  if (stray !== undefined)
    throw new UsageError(
      `\`layers\` names ${stray}, which is not among the networks of this run, ${[...models].map(idOf).join(', ')}`,
    )
}

/** Results are kept by the network's id, which is the stem of an ONNX file's name. */
function checkIds(networks: readonly Network[]): void {
  const ids = networks.map(({ id }) => id)
  const twice = ids.find((id, i) => ids.indexOf(id) < i)
  if (twice !== undefined) {
    throw new UsageError(`two networks of this run are called ${twice}; rename one of the ONNX files`)
  }
}

/** Every patch at every size, size by size. */
async function patchesOf(
  path: string | undefined,
  sizes: readonly number[],
  frame: number,
  blend: Scene['blend'],
  signal: AbortSignal | undefined,
): Promise<readonly Patch[]> {
  const sources = await patchesFrom(path)
  const bySource: Patch[][] = []
  for (const source of sources) {
    bySource.push([...(await patchesOfSource(source, sizes, frame, blend, signal))])
  }
  return sizes.flatMap((_, i) => bySource.flatMap((patches) => patches[i] ?? []))
}

async function arithmeticPlans(
  options: ResolvedOptions,
  withPlaceholders: boolean,
  out: string,
): Promise<readonly ArithmeticPlan[]> {
  const { arithmeticModels, background, blend, expressions, seed, signal } = options
  if (arithmeticModels.length === 0) return []
  const patches = await patchesFrom(options.patches)
  const plans: ArithmeticPlan[] = []
  for (const model of new Set(arithmeticModels)) {
    const choice = await withGenerators(model, options, withPlaceholders)
    const ground = await readBackground(background, choice.network.input.rows, signal)
    const settings = { out, patches, background: ground, blend, trialsPerKind: expressions, seed, signal }
    plans.push(await planArithmetic(choice, settings))
  }
  return plans
}

/** A network with its generators, those of the wanted layers, or with none where there are none. */
async function withGenerators(
  model: string,
  options: ResolvedOptions,
  withPlaceholders: boolean,
): Promise<NetworkWithGenerators> {
  const own = generatorsOf(model, options)
  if (own.length === 0) return { network: await networkOf(model, options, withPlaceholders), generators: [] }
  if (withPlaceholders) {
    const layers = own.map(({ layer }) => layer)
    const network = await networkOf(model, { ...options, layers }, withPlaceholders)
    return orPlaceholders(network, own, options.weights)
  }
  const ids = [model, ...own.map(({ id }) => id)]
  return chooseGenerators({
    model,
    layers: own.map(({ layer }) => layer),
    ...(options.signal && { signal: options.signal }),
    weights: Object.fromEntries(Object.entries(options.weights).filter(([id]) => ids.includes(id))),
  })
}
