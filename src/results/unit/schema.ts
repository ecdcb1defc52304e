import { z } from 'zod'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import { FOLD_SCHEMES, LOSSES, TASKS } from '../../experiments/folds.js'

/** Raised whenever a change of the program changes a unit's numbers or files, so that older units are computed again. */
export const UNIT_FORMAT = 6

/** Everything that decides a unit's numbers: a stored unit with other inputs is computed again. */
const inputsSchema = z.object({
  format: z.literal(UNIT_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  layers: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length),
  patch: z.string(),
  patchSha256: z.string(),
  /** The object's class; null: not known. */
  category: z.string().nullable(),
  size: z.number().int().positive(),
  stride: z.number().int().positive(),
  background: z.string(),
  blend: z.enum(['hard', 'soft']),
  /** Of the features' arithmetic; absent: float32. */
  precision: z.literal('fp16').optional(),
  /** How maps became one value a channel; absent: they were flattened. */
  pool: z.enum(['mean', 'max', 'center']).optional(),
  /** How pixels became the input; absent: as the catalog says, or of an ONNX file as ImageNet's. */
  input: z.string().optional(),
  /** The classifier of the separability experiment; null: not measured. */
  separability: z
    .object({
      loss: z.enum(LOSSES),
      C: z.number(),
      seed: z.number().int(),
      cv: z.array(z.enum(FOLD_SCHEMES)),
    })
    .nullable(),
  /** Whether the features at all positions are kept beside the maps. */
  keepsFeatures: z.boolean(),
  /** Whether sketches of the features are kept, for cosines between any two positions; absent: none. */
  sketches: z.literal(true).optional(),
})
export type UnitInputs = z.infer<typeof inputsSchema>

/** Rounding may take it a little beyond 1. */
const cosineSchema = z.number().min(-1.001).max(1.001)

const anchorSchema = z.object({
  row: z.number().int().nonnegative(),
  col: z.number().int().nonnegative(),
  mean: cosineSchema,
  min: cosineSchema,
})

const taskSchema = z.object({
  /** Accuracy on each fold, null where its classifier did not converge; their mean and population standard deviation. */
  folds: z.array(z.number().nullable()),
  mean: z.number().nullable(),
  std: z.number().nullable(),
  /** Largest relative duality gap of the folds' classifiers, and the folds whose classifier did not converge. */
  gap: z.number(),
  notConverged: z.array(z.number().int()),
})

/** Accuracy on each fold, per fold scheme and task. */
const foldsSchema = z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), z.array(z.number().nullable())))

const probabilitySchema = z.number().min(0).max(1.001)

const answersSchema = z.object({
  /** The strongest class with the object at the center, and its probability there. */
  center: z.object({ class: z.number().int().nonnegative(), probability: probabilitySchema }),
  /** Whether that class is the object's; null: not known. */
  right: z.boolean().nullable(),
  /** Share of positions whose strongest class that is, and its lowest probability at any of them. */
  kept: z.number().min(0).max(1),
  least: probabilitySchema,
  /** Of the classes that are the strongest somewhere, by index. */
  names: z.record(z.string().regex(/^\d+$/), z.string()),
})

const fieldsSchema = z.object({
  inputs: inputsSchema,
  /** Positions along each axis. */
  rows: z.number().int().positive(),
  cols: z.number().int().positive(),
  layers: z.array(
    z.object({
      name: z.string(),
      dims: z.number().int().positive(),
      /** Per anchor: its place in pixels, mean and minimum of its cosine over all positions. */
      similarity: z.object(
        Object.fromEntries(ANCHOR_NAMES.map((name) => [name, anchorSchema])) as Record<
          (typeof ANCHOR_NAMES)[number],
          typeof anchorSchema
        >,
      ),
      /** Per fold scheme and task; empty where separability was not measured. */
      separability: z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), taskSchema)),
      /**
       * What features that are nothing but the position, or nothing but its phase in the network's stride, give on the same grid,
       * in shuffled folds too; the period of the phase in pixels; null: separability was not measured.
       */
      baselines: z
        .object({ period: z.number().int().positive(), position: foldsSchema, phase: foldsSchema })
        .nullable(),
      /** What the network answers, in the layer of its classes; null: it is another layer, or has none. */
      answers: answersSchema.nullable(),
      /** Numbers by metric and variant, as metrics.csv names them. */
      measures: z.record(z.string(), z.record(z.string(), z.number())),
      /** Dims of the sketch of its features; absent: it has none. */
      sketch: z.number().int().positive().optional(),
    }),
  ),
  /** SHA-256 of each array beside unit.json. */
  arrays: z.record(z.string(), z.string()),
})

/** What unit.json holds, besides its own hash. */
export const unitSchema = fieldsSchema
  .refine(({ inputs, layers }) => JSON.stringify(inputs.layers) === JSON.stringify(layers.map(({ name }) => name)))
  // The page rests on these.
  .refine(({ layers }) =>
    layers.every(({ measures }) => ANCHOR_NAMES.every((name) => measures['similarity-mean']?.[name] !== undefined)),
  )

/** One patch × size × network. */
export type Unit = z.infer<typeof unitSchema>
