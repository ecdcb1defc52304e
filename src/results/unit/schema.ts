import { z } from 'zod'
import { ANCHOR_NAMES, positionRange } from '../../engine/scene/positions.js'
import { BLENDS } from '../../engine/scene/task.js'
import { MADE_UP_FEATURES } from '../../experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, LOSS, TASKS } from '../../experiments/classifiers/folds.js'
import { READ_AXES } from '../../experiments/readout/readout.js'
import { HEAD_KINDS, SCORE_MEANINGS } from '../../network.js'

/**
 * Version of the stored units. Increase it whenever the contents of unit.json or of the arrays change. Older units are
 * then computed again. Measures have versions of their own; see `measures.ts`.
 */
export const UNIT_FORMAT = 1

/** See `storedHead`. */
export const headSchema = z.object({ kind: z.enum(HEAD_KINDS), threshold: z.number(), boxes: z.string() })

/** Everything that determines a unit's numbers. A stored unit with other inputs is computed again. */
export const inputsSchema = z.object({
  format: z.literal(UNIT_FORMAT),
  model: z.string(),
  /** Id of the network in the catalog; absent if `model` is that id, and for a network outside the catalog. */
  catalogId: z.string().exactOptional(),
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
  /** Tokens before the map in each layer, and the map's size, if layers of tokens are pooled or measured as maps. */
  tokens: z.string().optional(),
  /** How pixels become the network's input; absent if the catalog defines it. */
  input: z.string().optional(),
  /** What the class scores mean; absent if no layer has class scores. */
  scores: z.enum(SCORE_MEANINGS).optional(),
  /** What decides the answers of a head, such as a detector's; absent for other networks. */
  head: headSchema.extend({ objectClass: z.string().exactOptional() }).exactOptional(),
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

/** Id of a unit's network in the catalog; undefined for a network outside the catalog. */
export function catalogIdOf({ model, catalogId, input }: UnitInputs): string | undefined {
  return catalogId ?? (input === undefined ? model : undefined)
}

const positionSchema = z.object({ row: z.number().int(), col: z.number().int() })

/** A share, which is null if nothing was counted. */
const shareSchema = z.number().min(0).max(1).nullable()

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
  /**
   * Class predicted with the object at the center: its index and its probability. Of a head, the object's class.
   */
  center: z.object({ class: z.number().int().nonnegative(), probability: probabilitySchema }),
  /** With the object at each anchor: the class predicted, its probability, and that of the class at the center. */
  anchors: z.record(
    z.enum(ANCHOR_NAMES),
    z.object({ class: z.number().int().nonnegative(), probability: probabilitySchema, ofCenter: probabilitySchema }),
  ),
  /** Whether the class predicted at the center is the object's class; null if this cannot be told. */
  right: z.boolean().nullable(),
  /**
   * Share of positions at which the answer is the same as at the center, 0 to 1. The center may lie between the
   * positions, so no measure uses this number.
   */
  kept: z.number().min(0).max(1),
  /** Lowest probability of `center.class` over all positions. */
  least: probabilitySchema,
  /** Names, by class index, of all classes that are predicted at some position or anchor. */
  names: z.record(z.string().regex(/^\d+$/), z.string()),
  /**
   * Only of a head: its measures of the object, by name; null if one is not known. Of a detector, `found` is the share of
   * positions at which the best box of `center.class` is on the object and its score reaches the threshold.
   * `right-and-found` is the share of positions at which, besides, this class is the answer; it is not known if the
   * object's class is not. `overlap` is the mean intersection over union of this box and the object's square.
   */
  seen: z.record(z.string(), z.number().nullable()).exactOptional(),
})

const equivarianceSchema = z.object({
  dx: z.number(),
  total: z.number(),
  border: z.number(),
  aliasing: z.number().nullable(),
})

const readoutSchema = z.object({
  axis: z.enum(READ_AXES),
  test: z.string(),
  error: z.number(),
  distance: z.number(),
  predictions: z.array(z.object({ at: z.number(), predicted: z.number() })),
})

const fieldsSchema = z.object({
  inputs: inputsSchema,
  /** Side of the square input image in pixels. */
  frame: z.number().int().positive(),
  /** Number of positions along each axis. */
  rows: z.number().int().positive(),
  cols: z.number().int().positive(),
  /** Row and column of each anchor in pixels. */
  anchors: z.record(z.enum(ANCHOR_NAMES), positionSchema),
  layers: z.array(
    z.object({
      name: z.string(),
      dims: z.number().int().positive(),
      /** True for an unpooled feature map; absent for other layers, and in units of earlier versions. */
      isMap: z.literal(true).exactOptional(),
      /** See `MapConsistency`. */
      consistency: z.object({ horizontal: shareSchema, vertical: shareSchema }),
      /** Accuracies by fold scheme and task; empty if separability was not measured. */
      separability: z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), taskSchema)),
      /**
       * Fold accuracies of two made-up features on the same grid of positions, for comparison. `position` is the
       * position itself, and `phase` is the position modulo `period` pixels. Shuffled folds are always included. Null
       * if separability was not measured.
       */
      baselines: z
        .object({ period: z.number().int().positive(), position: foldsSchema, phase: foldsSchema })
        .nullable(),
      /**
       * Mean absolute difference between the layer's fold accuracies and those of each made-up feature. Absent if not
       * measured.
       */
      foldErrors: z.record(z.enum(MADE_UP_FEATURES), z.number()).exactOptional(),
      /** Equivariance errors (see `EquivarianceError`); absent if not measured, empty if the layer is not a map. */
      equivariance: z.array(equivarianceSchema).exactOptional(),
      /** Tests of the read-out (see `AxisReadout`); absent if not measured. */
      readout: z.array(readoutSchema).exactOptional(),
      /** The network's answers (most probable classes); null for a layer without class scores. */
      answers: answersSchema.nullable(),
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
  .refine(({ inputs, frame, anchors }) => {
    const { first, count } = positionRange(frame, inputs.size)
    const isInside = (pixel: number) => pixel >= first && pixel < first + count
    return Object.values(anchors).every(({ row, col }) => isInside(row) && isInside(col))
  })

/** A unit: one network × one patch × one size. */
export type Unit = z.infer<typeof unitSchema>
