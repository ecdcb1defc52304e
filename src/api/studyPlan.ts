import { resolve } from 'node:path'
import { checkCount, checkNames } from '../checks.js'
import { checkMemory } from '../engine/machineMemory.js'
import { type PlannedUnit, planUnits } from '../engine/plan.js'
import type { Scene } from '../engine/task.js'
import { InputError, UsageError } from '../errors.js'
import { assignFolds, FOLD_SCHEMES, type FoldScheme, TASKS, taskClasses } from '../experiments/folds.js'
import { checkClassifier, type Loss } from '../experiments/separability.js'
import { catalog, type GeneratorEntry, listGenerators, type Network, type Precision } from '../networks/index.js'
import { type NamedBackground, readBackground, WHITE } from '../patches/background.js'
import { builtInPatches, patchesFrom } from '../patches/collection.js'
import { type Patch, patchesOfSource } from '../patches/patch.js'
import { checkResultsFolder } from '../results/resultsFolder.js'
import { UNIT_FORMAT, type UnitInputs } from '../results/unit/schema.js'
import { findUnit } from '../results/unit/store.js'
import { type ArithmeticPlan, planArithmetic } from './arithmeticStudy.js'
import { chooseGenerators, type NetworkWithGenerators } from './generators.js'
import { checkBlend, chooseNetwork } from './options.js'

/** What a study may measure: units hold similarity and separability; arithmetic stands beside them. */
export const EXPERIMENTS = ['similarity', 'separability', 'arithmetic'] as const
export type Experiment = (typeof EXPERIMENTS)[number]

const DEFAULT_EXPERIMENTS: readonly Experiment[] = ['similarity', 'separability']

/** What decides a study's numbers. */
export interface StudyOptions {
  /** quick (default): the embedded networks and patches on a coarse stride; paper: the paper's networks at stride 1. */
  readonly preset?: 'quick' | 'paper'
  /** Ids of the catalog, or paths that end in .onnx. */
  readonly models?: readonly string[]
  /** Which features of every network to read; all of the catalog's layers by default, required for ONNX files. */
  readonly layers?: readonly string[]
  /** Folder of pictures or manifest.json; the built-in patches by default. */
  readonly patches?: string
  /** Sides of the square patches in pixels, 75 and 125 by default. */
  readonly sizes?: readonly number[]
  readonly stride?: number
  /**
   * Similarity and separability by default. Similarity is measured wherever units are, since it costs one pass over the
   * features; `arithmetic` alone needs no units.
   */
  readonly experiments?: readonly Experiment[]
  /** Fold schemes of separability: ordered, shuffled and transposed by default. */
  readonly cv?: readonly FoldScheme[]
  /** Loss of the classifier, `hinge` by default. */
  readonly loss?: Loss
  /** Weight of the classifier's losses, 1 by default. */
  readonly C?: number
  /** Seed of the fold schemes `shuffled` and `blocks`, and of the random expressions of arithmetic; 0 by default. */
  readonly seed?: number
  /** Random expressions of each of the four kinds that arithmetic is measured on, 50 by default. */
  readonly expressions?: number
  /** `white` (default), `#rrggbb`, `noise:SEED` or a picture's file. */
  readonly background?: string
  readonly blend?: Scene['blend']
  /** Of the features' arithmetic: fp32 (default), or fp16 on a GPU. */
  readonly precision?: Precision
  /** Checkpoints in place of the published weights, by network id. */
  readonly weights?: Readonly<Record<string, string>>
  /** Also store the features at all positions, `features-<layer>.npy`, so that any position can be an anchor later. */
  readonly keepFeatures?: boolean
  /** Results folder, `shiftscope-results` by default. */
  readonly out?: string
}

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
  /** Those that the results folder does not hold yet. */
  readonly left: readonly PlannedUnit[]
  /** How many of these replace a unit that was made otherwise, and in what those differ: `stride 3, not 1`. */
  readonly replaced: { readonly units: number; readonly differences: readonly string[] }
  /** One for each network whose features are added and subtracted. */
  readonly arithmetic: readonly ArithmeticPlan[]
}

/** The quick stride keeps the study of the embedded networks under two minutes on two slow cores. */
const PRESETS = {
  quick: { kind: 'embedded', stride: 4 },
  paper: { kind: 'published', stride: 1 },
} as const

/**
 * Finds networks and patches, and the units that are still to be computed.
 * @throws UsageError for options that make no study, or one that does not fit into the memory; InputError for files that are missing or damaged
 */
export async function planStudy(options: StudyOptions): Promise<Study> {
  checkLists(options)
  const { preset = 'quick', sizes = [125, 75], background = WHITE, blend = 'hard', precision = 'fp32' } = options
  checkBlend(blend)
  const separability = classifierOf(options)
  const stride = options.stride ?? PRESETS[preset].stride
  const { experiments = DEFAULT_EXPERIMENTS } = options
  const hasUnits = experiments.some((experiment) => experiment !== 'arithmetic')
  const hasArithmetic = experiments.includes('arithmetic')
  const unitModels = hasUnits ? modelsOf(options) : []
  const arithmeticModels = hasArithmetic ? [...modelsOf(options), ...encodersOf(options)] : []
  if (!hasUnits && precision !== 'fp32')
    throw new UsageError(`arithmetic runs in float32 on the processor; leave --precision ${precision} out`)
  checkWeights(options, unitModels, arithmeticModels)
  const networks = await networksOf(options, unitModels)
  const backgrounds = await backgroundsOf(background, networks)
  const frame = Math.min(...networks.map(({ input }) => input.rows))
  const patches = hasUnits ? await patchesOf(options.patches, [...new Set(sizes)], frame, blend) : []
  const units = planUnits(networks, patches, stride)
  for (const { network, grid } of units) checkMemory(network, grid)
  checkFolds(units, separability)
  const out = resolve(options.out ?? 'shiftscope-results')
  await checkResultsFolder(out)
  const keepsFeatures = options.keepFeatures ?? false
  const study = {
    out,
    networks,
    patches,
    stride,
    backgrounds,
    blend,
    precision,
    separability,
    keepsFeatures,
    units,
    left: [],
    replaced: { units: 0, differences: [] },
    arithmetic: [],
  }
  const standing = await standingUnits(study)
  const arithmetic = await arithmeticPlans(options, arithmeticModels, out)
  return { ...study, ...standing, arithmetic }
}

/** What the results folder holds of a study. */
async function standingUnits(study: Study): Promise<Pick<Study, 'left' | 'replaced'>> {
  const left: PlannedUnit[] = []
  const differences = new Set<string>()
  let units = 0
  for (const unit of study.units) {
    const stored = await findUnit(study.out, unitInputs(study, unit))
    if (stored.state === 'finished') continue
    left.push(unit)
    if (stored.state === 'missing') continue
    units++
    for (const difference of stored.differences) differences.add(difference)
  }
  return { left, replaced: { units, differences: [...differences] } }
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
          `separability cannot be measured on a grid of ${grid.rows}×${grid.cols} positions, too few for five folds of each half; use smaller --sizes or --stride, or --experiments similarity`,
          { cause: error },
        )
      }
    }
  }
}

async function backgroundsOf(
  text: string,
  networks: readonly Network[],
): Promise<ReadonlyMap<number, NamedBackground>> {
  const frames = new Set(networks.map(({ input }) => input.rows))
  const backgrounds = new Map<number, NamedBackground>()
  for (const frame of frames) backgrounds.set(frame, await readBackground(text, frame))
  return backgrounds
}

/** What stands behind the patches in a network's frame. */
export function backgroundFor({ backgrounds }: Study, { input }: Network): NamedBackground {
  return backgrounds.get(input.rows) as NamedBackground
}

/** What decides a unit's numbers. */
export function unitInputs(study: Study, { network, patch, grid }: PlannedUnit): UnitInputs {
  const { blend, precision, separability, keepsFeatures } = study
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
    separability,
    keepsFeatures,
  }
}

function classifierOf(options: StudyOptions): UnitInputs['separability'] {
  const {
    experiments = DEFAULT_EXPERIMENTS,
    cv = ['ordered', 'shuffled', 'transposed'],
    loss = 'hinge',
    C = 1,
    seed = 0,
  } = options
  checkNames('experiment', experiments, EXPERIMENTS)
  checkNames('fold scheme', cv, FOLD_SCHEMES)
  checkClassifier(loss, C)
  if (!experiments.includes('separability')) return null
  return { loss, C, seed, cv: FOLD_SCHEMES.filter((scheme) => cv.includes(scheme)) }
}

/** The command line cannot leave these empty, a script can. */
function checkLists({ preset = 'quick', models, sizes, experiments, cv }: StudyOptions): void {
  checkNames('preset', [preset], Object.keys(PRESETS))
  const empty = Object.entries({ models, sizes, experiments, cv }).find(([, list]) => list?.length === 0)
  if (empty !== undefined) throw new UsageError(`${empty[0]} is empty; name at least one, or leave it out`)
}

/** Networks of a run: those that are named, else the preset's. */
function modelsOf({ models, preset = 'quick' }: StudyOptions): readonly string[] {
  const { kind } = PRESETS[preset]
  return models ?? catalog().flatMap((entry) => (entry.kind === kind ? [entry.id] : []))
}

/** Where none are named, arithmetic is also that of the networks that the preset has generators of. */
function encodersOf({ models, preset = 'quick' }: StudyOptions): readonly string[] {
  const { kind } = PRESETS[preset]
  return models ? [] : listGenerators().flatMap((entry) => (entry.kind === kind ? [entry.encoder] : []))
}

/** Known generators of a network's wanted layers. */
function generatorsOf(model: string, { layers }: StudyOptions): readonly GeneratorEntry[] {
  const own = listGenerators().filter(({ encoder }) => encoder === model)
  return own.filter(({ layer }) => layers === undefined || layers.includes(layer))
}

/** @throws UsageError for weights of a network or generator that takes no part */
function checkWeights(options: StudyOptions, unitModels: readonly string[], arithmeticModels: readonly string[]): void {
  const generators = [...new Set(arithmeticModels)].flatMap((model) => generatorsOf(model, options))
  const used = [...new Set([...unitModels, ...arithmeticModels, ...generators.map(({ id }) => id)])]
  const stray = Object.keys(options.weights ?? {}).find((id) => !used.includes(id))
  if (stray === undefined) return
  throw new UsageError(
    `--weights names ${stray}, which is not among the networks and generators of this run, ${used.join(', ')}; these are chosen by --models, --layers and --experiments`,
  )
}

async function networksOf({ layers, weights }: StudyOptions, models: readonly string[]): Promise<readonly Network[]> {
  const networks: Network[] = []
  for (const model of new Set(models)) {
    const file = weights?.[model]
    networks.push(
      await chooseNetwork({ model, ...(file !== undefined && { weights: file }), ...(layers && { layers }) }),
    )
  }
  checkIds(networks)
  return networks
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
): Promise<readonly Patch[]> {
  const sources = path === undefined ? await builtInPatches() : await patchesFrom(path)
  const bySource: Patch[][] = []
  for (const source of sources) {
    bySource.push([...(await patchesOfSource(source, sizes, frame, blend))])
  }
  return sizes.flatMap((_, i) => bySource.flatMap((patches) => patches[i] ?? []))
}

async function arithmeticPlans(
  options: StudyOptions,
  models: readonly string[],
  out: string,
): Promise<readonly ArithmeticPlan[]> {
  const { background = WHITE, blend = 'hard', expressions = 50, seed = 0 } = options
  checkCount('--expressions', expressions)
  if (models.length === 0) return []
  const patches = options.patches === undefined ? await builtInPatches() : await patchesFrom(options.patches)
  const plans: ArithmeticPlan[] = []
  for (const model of new Set(models)) {
    const choice = await withGenerators(model, options)
    const ground = await readBackground(background, choice.network.input.rows)
    const settings = { out, patches, background: ground, blend, trialsPerKind: expressions, seed }
    plans.push(await planArithmetic(choice, settings))
  }
  return plans
}

/** A network with its generators, those of the wanted layers, or with none where there are none. */
async function withGenerators(model: string, options: StudyOptions): Promise<NetworkWithGenerators> {
  const { layers, weights = {} } = options
  const own = generatorsOf(model, options)
  if (own.length === 0) {
    const file = weights[model]
    const network = await chooseNetwork({
      model,
      ...(file !== undefined && { weights: file }),
      ...(layers && { layers }),
    })
    return { network, generators: [] }
  }
  const ids = [model, ...own.map(({ id }) => id)]
  return chooseGenerators({
    model,
    layers: own.map(({ layer }) => layer),
    weights: Object.fromEntries(Object.entries(weights).filter(([id]) => ids.includes(id))),
  })
}
