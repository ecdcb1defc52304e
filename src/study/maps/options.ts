import { z } from 'zod'
import { type DeviceRequest, parseDevice } from '../../engine/devices/device.js'
import { REUSE } from '../../engine/reuse/record.js'
import { BLENDS } from '../../engine/scene/task.js'
import { UsageError } from '../../errors.js'
import { checkSeed, FOLD_SCHEMES, LOSS } from '../../experiments/classifiers/folds.js'
import { checkWeight } from '../../experiments/classifiers/separability.js'
import { READ_SAMPLES } from '../../experiments/readout/readout.js'
import { POOLS, PRECISIONS } from '../../network.js'
import { catalog, listGenerators } from '../../networks/catalog/catalog.js'
import { checkOwnOptions, OWN_OPTIONS, type OwnOptions } from '../../networks/reference/reference.js'
import { WHITE } from '../../patches/background.js'
import { defaultSizes, strideFor } from '../../patches/sizes.js'
import { colourLimits } from '../../plot/colourLimits.js'
import type { ProgressListener } from '../../progress.js'
import { pairsSchema } from '../../results/store/pairs.js'
import type { UnitInputs } from '../../results/unit/schema.js'
import { checkCount } from '../../support/checks.js'
import {
  type CheckedOptions,
  callback,
  type GivenOptions,
  oneOf,
  parseOptions,
  schemas,
} from '../../support/optionChecks.js'

/**
 * Default distance between positions in pixels, by preset; see `strideFor`. At a distance of 4, the quick study
 * takes under two minutes on two slow cores.
 */
const STRIDES = { quick: 4, paper: 1 } as const

/** Experiments of a study. The results of arithmetic have their own folder; units store all other results. */
const EXPERIMENTS = ['similarity', 'separability', 'equivariance', 'readout', 'arithmetic'] as const

const texts = z.array(z.string()).min(1).readonly()

const OPTIONS = {
  /** `quick` (default): the embedded networks at stride 4. `paper`: the paper's networks at stride 1. */
  preset: oneOf('preset', ['quick', 'paper']).default('quick'),
  /** Networks, named as in `openNetwork`; by default those of the preset. */
  models: texts.exactOptional(),
  /**
   * Tensors to read as features: one list for all networks, or a list per network (id or path of its ONNX file). By
   * default, all layers that the catalog names; for an ONNX file, the embedding and the class scores.
   */
  layers: z
    .union(
      [z.array(z.string()).readonly(), z.record(z.string(), z.array(z.string()).readonly()).readonly()],
      'a list of tensors, or lists by network',
    )
    .exactOptional(),
  /**
   * How to reduce a feature map to one value per channel: `mean`, `max` or `center`. By default (`none`), the whole map
   * is flattened.
   */
  pool: oneOf('pool', POOLS).default('none'),
  /**
   * Objects: a folder of pictures, a manifest.json, or names of built-in objects such as `dog,car`; by default
   * all built-in objects.
   */
  patches: z.string().exactOptional(),
  /** Sides of the square patches in pixels; 75/224 and 125/224 of each network's frame by default. */
  sizes: z.array(z.number()).min(1).readonly().exactOptional(),
  /** Distance between neighbouring positions in pixels; the default depends on the preset and the frame. */
  stride: z.number().exactOptional(),
  /**
   * Experiments to run: `similarity`, `separability`, `equivariance` (of layers that are maps), `readout` (of the
   * position) and `arithmetic`; by default the first two. Similarity is always measured, unless `arithmetic` is
   * the only experiment.
   */
  experiments: z.array(oneOf('experiment', EXPERIMENTS)).min(1).readonly().default(['similarity', 'separability']),
  /** Ways to split the positions into folds for separability; all by default. */
  cv: z.array(oneOf('fold scheme', FOLD_SCHEMES)).min(1).readonly().default(FOLD_SCHEMES),
  /** Parameter C of the classifiers, which are linear SVMs: the weight of the loss, 1e-30 to 1e30; 1 by default. */
  C: z.number().superRefine(checkWeight).default(1),
  /** Seed for the random fold schemes, for the samples of `readout`, and for random expressions; 0 by default. */
  seed: z.number().superRefine(checkSeed).default(0),
  /** Number of random expressions for each of the four kinds of arithmetic; 50 by default. */
  expressions: z
    .number()
    .superRefine((count) => checkCount('expressions', count))
    .default(50),
  /** Background of the objects, named as in `extract`; `white` by default. */
  background: z.string().default(WHITE),
  /** `hard` (default) draws pixels with alpha ≥ 128 and no others; `soft` mixes object and background by alpha. */
  blend: oneOf('blend', BLENDS).default('hard'),
  /** Floating-point type of the networks' arithmetic: `fp32` (default), or `fp16` on a GPU. */
  precision: oneOf('precision', PRECISIONS).default('fp32'),
  /** Checkpoints to use instead of the catalog's weights, by network id. */
  weights: schemas.files.readonly().default({}),
  /** Also store the features at all positions, so that any position can be an anchor later; false by default. */
  keepFeatures: z.boolean().default(false),
  /** Results folder, `shiftscope-results` by default. */
  out: z.string().default('shiftscope-results'),
  /** Number of worker threads, each with its own copy of the network; by default one per core. */
  workers: z.number().exactOptional(),
  /** Number of threads of each worker; by default the cores divided by the workers. */
  threads: z.number().exactOptional(),
  /**
   * Images per forward pass. The default is 32, or 8 if 32 images need too much memory. On a GPU, a short benchmark
   * chooses the number.
   */
  batch: z.number().exactOptional(),
  /** Device that runs the networks, named as in `openNetwork`; `auto` by default. */
  device: z.string().default('auto'),
  /**
   * With `auto` (default), a value that several images share is computed once, if that is faster. With `off`, every
   * image is computed in full.
   */
  reuse: oneOf('reuse', REUSE).default('auto'),
  /** Lowest and highest value of the heatmaps' colour scale; by default 0.88 and 1, as in the paper. */
  limits: colourLimits.exactOptional(),
  /**
   * Wait until other processes have finished their units, then write the report unless one of these processes has
   * written it; true by default.
   */
  report: z.boolean().default(true),
  /**
   * Pairs of networks that the report compares, by id or name, beside those of the catalog. They are stored in run.json;
   * by default, the pairs that are already there stay.
   */
  pairs: pairsSchema.exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
  signal: schemas.signal.exactOptional(),
}

/** Options of `reproduce`. */
export interface ReproduceOptions extends GivenOptions<typeof OPTIONS>, OwnOptions {}

type Checked = CheckedOptions<typeof OPTIONS & typeof OWN_OPTIONS>

/** Options of `reproduce` with all defaults that can be decided without reading files. */
export interface ResolvedOptions
  extends Omit<Checked, 'preset' | 'models' | 'experiments' | 'cv' | 'C' | 'sizes' | 'stride'> {
  /** Sizes of the patches, and the distance between positions, for a frame of this side. All are in pixels. */
  readonly sizesFor: (frameSide: number) => readonly number[]
  readonly strideFor: (frameSide: number) => number
  readonly request: DeviceRequest
  /** Networks whose units are measured; empty if `arithmetic` is the only experiment. */
  readonly unitModels: readonly string[]
  /** Networks of the experiment `arithmetic`, which adds and subtracts their features. */
  readonly arithmeticModels: readonly string[]
  readonly separability: UnitInputs['separability']
  readonly equivariance: boolean
  /** Settings of the position read-out; undefined if it is not measured. */
  readonly readout: UnitInputs['readout']
}

/** Checks the options of a study without reading files, and fills in all defaults. */
export function resolveOptions(given: ReproduceOptions): ResolvedOptions {
  const { preset, models: named, experiments, cv, C, ...others } = parseOptions(given, { ...OPTIONS, ...OWN_OPTIONS })
  const { sizes, stride, ...options } = others
  const { precision, seed } = options
  const request = parseDevice(options.device, precision)
  const models = named ?? catalog().flatMap((entry) => (entry.preset === preset ? [entry.id] : []))
  checkOwnOptions(models, options)
  const hasUnits = experiments.some((experiment) => experiment !== 'arithmetic')
  if (!hasUnits && precision !== 'fp32')
    throw UsageError.of`the only experiment, arithmetic, always uses float32; leave \`precision ${precision}\` out`
  // If the caller names no networks, arithmetic also runs on each network for which the preset has generators.
  const encoders = listGenerators().flatMap((entry) => (!named && entry.preset === preset ? [entry.encoder] : []))
  return {
    ...options,
    sizesFor: (frameSide) => [...new Set(sizes ?? defaultSizes(frameSide))],
    strideFor: (frameSide) => stride ?? strideFor(frameSide, STRIDES[preset]),
    request,
    unitModels: hasUnits ? models : [],
    arithmeticModels: experiments.includes('arithmetic') ? [...models, ...encoders] : [],
    separability: experiments.includes('separability')
      ? { loss: LOSS, C, seed, cv: FOLD_SCHEMES.filter((scheme) => cv.includes(scheme)) }
      : null,
    equivariance: experiments.includes('equivariance'),
    readout: experiments.includes('readout') ? { samples: READ_SAMPLES, seed } : undefined,
  }
}
