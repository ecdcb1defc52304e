import { z } from 'zod'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import { BLENDS } from '../../engine/task.js'
import { FOLD_SCHEMES, LOSS, TASKS } from '../../experiments/folds.js'

/**
 * Version of the stored units. Increase it whenever a unit's numbers or files change. Older units are then computed
 * again.
 */
export const UNIT_FORMAT = 6

/** Everything that determines a unit's numbers. A stored unit with other inputs is computed again. */
export const inputsSchema = z.object({
  format: z.literal(UNIT_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  layers: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length),
  patch: z.string(),
  patchSha256: z.string(),
  /** Class of the object; null if unknown. */
  category: z.string().nullable(),
  /** Side of the square patch in pixels. */
  size: z.number().int().positive(),
  /** Distance between neighbouring positions in pixels. */
  stride: z.number().int().positive(),
  background: z.string(),
  blend: z.enum(BLENDS),
  /** Floating-point type of the network's arithmetic; absent for float32. */
  precision: z.literal('fp16').optional(),
  /** How a feature map is reduced to one value per channel; absent if all its values are used. */
  pool: z.enum(['mean', 'max', 'center']).optional(),
  /** How pixels become the network's input; absent if the catalog defines it. */
  input: z.string().optional(),
  /** Settings of the separability classifiers; null if separability was not measured. */
  separability: z
    .object({
      loss: z.literal(LOSS),
      C: z.number(),
      seed: z.number().int(),
      cv: z.array(z.enum(FOLD_SCHEMES)),
    })
    .nullable(),
  /** True if the equivariance error was measured, otherwise absent. */
  equivariance: z.literal(true).optional(),
  /** Settings of the read-out, which predicts the position from features; absent if it was not measured. */
  readout: z.object({ samples: z.number().int().positive(), seed: z.number().int() }).optional(),
  /** Whether the unit stores the features at all positions. */
  keepsFeatures: z.boolean(),
  /**
   * True if the unit stores sketches, otherwise absent. Sketches are shortened features, from which the cosine between
   * any two positions can be computed.
   */
  sketches: z.literal(true).optional(),
})
export type UnitInputs = z.infer<typeof inputsSchema>

/** A cosine. Rounding can make it slightly larger than 1. */
const cosineSchema = z.number().min(-1.001).max(1.001)

const anchorSchema = z.object({
  row: z.number().int().nonnegative(),
  col: z.number().int().nonnegative(),
  mean: cosineSchema,
  min: cosineSchema,
})

const taskSchema = z.object({
  /** Accuracy on each fold, 0 to 1; null if its classifier did not converge. */
  folds: z.array(z.number().nullable()),
  /** Mean accuracy over the folds; null if a fold's classifier did not converge. */
  mean: z.number().nullable(),
  /** Population standard deviation over the folds; null if `mean` is null. */
  std: z.number().nullable(),
  /** Largest relative duality gap of the folds' classifiers. It tells how far a classifier may be from its optimum. */
  gap: z.number(),
  /** Indices of the folds whose classifier did not converge. */
  notConverged: z.array(z.number().int()),
})

/** Accuracy on each fold, by fold scheme and task. */
const foldsSchema = z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), z.array(z.number().nullable())))

const probabilitySchema = z.number().min(0).max(1.001)

const answersSchema = z.object({
  /** Class predicted with the object at the center: its index and its probability. */
  center: z.object({ class: z.number().int().nonnegative(), probability: probabilitySchema }),
  /** Whether the class predicted at the center is the object's class; null if this cannot be told. */
  right: z.boolean().nullable(),
  /** Share of positions at which the answer is the same as at the center, 0 to 1. */
  kept: z.number().min(0).max(1),
  /** Lowest probability, over all positions, of the class that is the answer at the center. */
  least: probabilitySchema,
  /** Names, by class index, of all classes that are predicted at some position. */
  names: z.record(z.string().regex(/^\d+$/), z.string()),
})

const fieldsSchema = z.object({
  inputs: inputsSchema,
  rows: z.number().int().positive(),
  cols: z.number().int().positive(),
  layers: z.array(
    z.object({
      name: z.string(),
      dims: z.number().int().positive(),
      /** For each anchor: its row and column in pixels, and the mean and minimum cosine over all positions. */
      similarity: z.object(
        Object.fromEntries(ANCHOR_NAMES.map((name) => [name, anchorSchema])) as Record<
          (typeof ANCHOR_NAMES)[number],
          typeof anchorSchema
        >,
      ),
      /** Accuracies by fold scheme and task; empty if separability was not measured. */
      separability: z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), taskSchema)),
      /**
       * Fold accuracies of two simple features on the same grid of positions, for comparison. `position` is the
       * position itself, and `phase` is the position modulo `period` pixels. Shuffled folds are always included. Null
       * if separability was not measured.
       */
      baselines: z
        .object({ period: z.number().int().positive(), position: foldsSchema, phase: foldsSchema })
        .nullable(),
      /** The network's answers (most probable classes); null for a layer without class scores. */
      answers: answersSchema.nullable(),
      /** Values of all measures, as `measures[metric][variant]`. The names are the same as in metrics.csv. */
      measures: z.record(z.string(), z.record(z.string(), z.number())),
      /** Number of values per position in the layer's sketch (shortened features); absent if there is no sketch. */
      sketch: z.number().int().positive().optional(),
    }),
  ),
  /** SHA-256 of each array file, by file name. */
  arrays: z.record(z.string(), z.string()),
})

/** Contents of unit.json, except for the hash of the file itself. */
export const unitSchema = fieldsSchema
  .refine(({ inputs, layers }) => JSON.stringify(inputs.layers) === JSON.stringify(layers.map(({ name }) => name)))
  // Each anchor must have a mean similarity, because the page needs it.
  .refine(({ layers }) =>
    layers.every(({ measures }) => ANCHOR_NAMES.every((name) => measures['similarity-mean']?.[name] !== undefined)),
  )

/** A unit: one network × one patch × one size. */
export type Unit = z.infer<typeof unitSchema>
