import { checkBlend } from '../engine/scene.js'
import type { Scene } from '../engine/task.js'
import { UsageError } from '../errors.js'
import { FOLD_SCHEMES, type FoldScheme, LOSS } from '../experiments/folds.js'
import { checkWeight } from '../experiments/separability.js'
import {
  catalog,
  checkInputOptions,
  INPUT_OPTIONS,
  type InputOptions,
  inputOptionsOf,
  isOwnNetwork,
  listGenerators,
  type Pool,
  type Precision,
} from '../networks/index.js'
import { WHITE } from '../patches/background.js'
import type { UnitInputs } from '../results/unit/schema.js'
import { checkCount, checkNames } from '../support/checks.js'
import { kinds } from '../support/optionChecks.js'

/** What a study may measure: units hold similarity and separability; arithmetic stands beside them. */
const EXPERIMENTS = ['similarity', 'separability', 'arithmetic'] as const
type Experiment = (typeof EXPERIMENTS)[number]

/** Options that determine the numbers of a study. */
export interface StudyOptions extends InputOptions {
  /** `quick` (default): the embedded networks at stride 4. `paper`: the paper's networks at stride 1. */
  readonly preset?: 'quick' | 'paper'
  /** Networks, named as in `openNetwork`; by default those of the preset. */
  readonly models?: readonly string[]
  /**
   * Tensors to read as features: one list for every network, or lists by network (id or path of its ONNX file). By
   * default, all layers that the catalog names; for an ONNX file, the last output and the input of the last fully
   * connected layer.
   */
  readonly layers?: readonly string[] | Readonly<Record<string, readonly string[]>>
  /** Reduces a map to one value per channel: `mean`, `max` or `center`. By default (`none`), maps are flattened. */
  readonly pool?: Pool
  /**
   * Objects: a folder of pictures, a manifest.json, or names of built-in ones such as `dog,car`; by default all
   * built-in.
   */
  readonly patches?: string
  /** Sides of the square patches in pixels; 75 and 125 by default. */
  readonly sizes?: readonly number[]
  /** Distance between neighbouring positions in pixels; by default the preset's. */
  readonly stride?: number
  /**
   * Experiments to run: `similarity`, `separability` and `arithmetic`; by default the first two. Every unit includes
   * similarity. `arithmetic` alone needs no units.
   */
  readonly experiments?: readonly Experiment[]
  /** Fold schemes of separability; all by default. */
  readonly cv?: readonly FoldScheme[]
  /** Weight of the classifiers' losses, 1e-30 to 1e30; 1 by default. */
  readonly C?: number
  /** Seed of the fold schemes `shuffled` and `blocks`, and of arithmetic's random expressions; 0 by default. */
  readonly seed?: number
  /** Number of random expressions of each of arithmetic's four kinds; 50 by default. */
  readonly expressions?: number
  /** Background of the objects: `white` (default), `#rrggbb`, `noise:SEED` or the path of a picture. */
  readonly background?: string
  /** `hard` (default) draws pixels with alpha ≥ 128 and no others; `soft` mixes object and background by alpha. */
  readonly blend?: Scene['blend']
  /** Floating-point type of the networks' arithmetic: `fp32` (default), or `fp16` on a GPU. */
  readonly precision?: Precision
  /** Checkpoints to use instead of the catalog's weights, by network id. */
  readonly weights?: Readonly<Record<string, string>>
  /** Also store the features at all positions, so that any position can be an anchor later; false by default. */
  readonly keepFeatures?: boolean
  /** Results folder, `shiftscope-results` by default. */
  readonly out?: string
}

/** The quick stride keeps the study of the embedded networks under two minutes on two slow cores. */
const PRESETS = { quick: { stride: 4 }, paper: { stride: 1 } } as const

/** The options of a study, to be checked. */
export const STUDY_OPTIONS = {
  ...{ preset: kinds.text, models: kinds.texts, layers: kinds.layers, patches: kinds.text, sizes: kinds.numbers },
  ...{ stride: kinds.number, experiments: kinds.texts, cv: kinds.texts, C: kinds.number },
  ...{ seed: kinds.number, expressions: kinds.number },
  ...{ background: kinds.text, blend: kinds.text },
  ...{ pool: kinds.text, ...INPUT_OPTIONS },
  ...{ precision: kinds.text, weights: kinds.files, keepFeatures: kinds.flag, out: kinds.text },
}

/** A study's options with everything decided that can be without looking at files. */
export interface ResolvedOptions
  extends Required<
    Pick<StudyOptions, 'sizes' | 'stride' | 'background' | 'blend' | 'precision' | 'expressions' | 'seed'>
  > {
  /** Networks whose units are measured; empty: no units. */
  readonly unitModels: readonly string[]
  /** Networks whose features are added and subtracted. */
  readonly arithmeticModels: readonly string[]
  readonly separability: UnitInputs['separability']
  readonly keepsFeatures: boolean
  readonly layers: StudyOptions['layers']
  readonly pool: Pool
  /** Of the networks that are not of the catalog. */
  readonly input: InputOptions
  readonly weights: Readonly<Record<string, string>>
  readonly patches: string | undefined
  readonly out: string
}

/**
 * All defaults of a study, and the checks that need no file.
 * @throws UsageError for options that make no study
 */
export function resolveOptions(options: StudyOptions): ResolvedOptions {
  const {
    preset = 'quick',
    sizes = [125, 75],
    experiments = ['similarity', 'separability'],
    background = WHITE,
    blend = 'hard',
    precision = 'fp32',
    expressions = 50,
    seed = 0,
    weights = {},
    out = 'shiftscope-results',
  } = options
  checkLists(options)
  checkNames('experiment', experiments, EXPERIMENTS)
  checkBlend(blend)
  checkCount('`expressions`', expressions)
  const hasUnits = experiments.some((experiment) => experiment !== 'arithmetic')
  const hasArithmetic = experiments.includes('arithmetic')
  if (!hasUnits && precision !== 'fp32')
    throw new UsageError(`arithmetic alone is computed in float32; leave \`precision ${precision}\` out`)
  return {
    sizes: [...new Set(sizes)],
    stride: options.stride ?? PRESETS[preset].stride,
    background,
    blend,
    precision,
    expressions,
    seed,
    unitModels: hasUnits ? modelsOf(options) : [],
    arithmeticModels: hasArithmetic ? [...modelsOf(options), ...encodersOf(options)] : [],
    separability: classifierOf(options, experiments.includes('separability')),
    keepsFeatures: options.keepFeatures ?? false,
    layers: options.layers,
    pool: options.pool ?? 'none',
    input: inputOf(options),
    weights,
    patches: options.patches,
    out,
  }
}

/** @throws UsageError for values that make no input, or where all networks have their own */
function inputOf(options: StudyOptions): InputOptions {
  checkInputOptions(options)
  const input = inputOptionsOf(options)
  const [given] = Object.keys(input)
  if (given !== undefined && !modelsOf(options).some(isOwnNetwork))
    throw new UsageError(
      `the inputs of all networks of this run are known; leave \`${given}\` out, which is for ONNX files`,
    )
  return input
}

function classifierOf(
  { cv = FOLD_SCHEMES, C = 1, seed = 0 }: StudyOptions,
  isWanted: boolean,
): UnitInputs['separability'] {
  checkNames('fold scheme', cv, FOLD_SCHEMES)
  checkWeight(C)
  return isWanted ? { loss: LOSS, C, seed, cv: FOLD_SCHEMES.filter((scheme) => cv.includes(scheme)) } : null
}

/** The command line cannot leave these empty, a script can. */
function checkLists({ preset = 'quick', models, sizes, experiments, cv }: StudyOptions): void {
  checkNames('preset', [preset], Object.keys(PRESETS))
  const empty = Object.entries({ models, sizes, experiments, cv }).find(([, list]) => list?.length === 0)
  if (empty !== undefined) throw new UsageError(`${empty[0]} is empty; name at least one, or leave it out`)
}

/** Networks of a run: those that are named, else the preset's. */
function modelsOf({ models, preset = 'quick' }: StudyOptions): readonly string[] {
  return models ?? catalog().flatMap((entry) => (entry.preset === preset ? [entry.id] : []))
}

/** Where none are named, arithmetic is also that of the networks that the preset has generators of. */
function encodersOf({ models, preset = 'quick' }: StudyOptions): readonly string[] {
  return models ? [] : listGenerators().flatMap((entry) => (entry.preset === preset ? [entry.encoder] : []))
}
