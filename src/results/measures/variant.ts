import { z } from 'zod'
import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import { PROTOCOL_NAMES } from '../../experiments/answers/protocols.js'
import { JUDGED, REFERENCES } from '../../experiments/arithmetic/accuracy.js'
import { EXPRESSION_KINDS } from '../../experiments/arithmetic/trials.js'
import { MADE_UP_FEATURES } from '../../experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, TASKS } from '../../experiments/classifiers/folds.js'
import { ERROR_PARTS } from '../../experiments/maps/equivariance.js'
import { PIXEL_STEPS } from '../../experiments/maps/windowAnswers.js'
import { READ_AXES } from '../../experiments/readout/readout.js'

const CONFIDENCES = ['confident', 'unsure'] as const

/**
 * The ways in which numbers of one measure can differ. Files write the values in the order of these keys. Distances and
 * positions are in pixels.
 */
export const variantSchema = z.strictObject({
  /** How photographs are shifted. */
  protocol: z.enum(PROTOCOL_NAMES).exactOptional(),
  anchor: z.enum(ANCHOR_NAMES).exactOptional(),
  /** Smallest similarity that `coverage` counts. */
  threshold: z.number().exactOptional(),
  /** Whether the network was confident of its answer at the anchor. */
  confidence: z.enum(CONFIDENCES).exactOptional(),
  /** Direction of a move or of a pattern. */
  direction: z.enum(PIXEL_STEPS).exactOptional(),
  task: z.enum(TASKS).exactOptional(),
  scheme: z.enum(FOLD_SCHEMES).exactOptional(),
  /** Number of the fold, from 1. */
  fold: z.number().exactOptional(),
  /** Axis of a read-out. */
  axis: z.enum(READ_AXES).exactOptional(),
  /** Name of a read-out's test, such as `8px bands`. */
  test: z.string().exactOptional(),
  /** A made-up feature, which contains only the position or its phase. */
  feature: z.enum(MADE_UP_FEATURES).exactOptional(),
  /** Classes of the two objects of a pair. */
  classes: z.enum(['same', 'different']).exactOptional(),
  /** Feature vectors in which objects are counted, and what they are compared with. */
  judged: z.enum(JUDGED).exactOptional(),
  reference: z.enum(REFERENCES).exactOptional(),
  /** Kind of expression of feature arithmetic. */
  kind: z.enum([...EXPRESSION_KINDS, 'all']).exactOptional(),
  /** Period of a grid pattern or of a phase. */
  period: z.number().exactOptional(),
  /** Distance that the object moves. */
  distance: z.number().exactOptional(),
  /** True row or column in a read-out. */
  at: z.number().exactOptional(),
  /** Part of an equivariance error. */
  part: z.enum(ERROR_PARTS).exactOptional(),
})

/** Tells the numbers of one measure apart, such as `{ anchor: 'center', direction: 'vertical', period: 8 }`. */
export type Variant = Readonly<z.infer<typeof variantSchema>>

/** Values of a measure, by variant. */
export type MetricValues = readonly (readonly [variant: Variant, value: number])[]

/** Values of all measures of one layer of one unit, by the measure's name. */
export type LayerNumbers = Readonly<Record<string, MetricValues>>

/** Values of all measures of a unit, one record per layer. */
export type UnitNumbers = readonly LayerNumbers[]

const KEYS = Object.keys(variantSchema.shape) as readonly (keyof Variant)[]

/** Text of a variant in files, its values in the order of `variantSchema`, such as `center vertical 8px`. */
export function variantText(variant: Variant): string {
  return words(variant).join(' ')
}

/** Text of a variant in sentences, such as `top-bottom, shuffled`. */
export function variantTitle(variant: Variant): string {
  return words(variant).join(', ')
}

function words(variant: Variant): readonly string[] {
  return KEYS.flatMap((key) => {
    const value = variant[key]
    if (value === undefined) return []
    const textOf = TEXTS[key]
    return textOf === undefined ? String(value) : textOf(variant)
  })
}

/** Texts of values that are not written as they are. A threshold is part of its anchor's text. */
const TEXTS: Partial<Record<keyof Variant, (variant: Variant) => string | readonly string[]>> = {
  anchor: ({ anchor = '', threshold }) => (threshold === undefined ? anchor : `${anchor}>=${threshold}`),
  threshold: () => [],
  classes: ({ classes }) => `${classes} class`,
  period: ({ period }) => `${period}px`,
  distance: ({ distance }) => `${distance}px`,
  at: ({ at }) => `${at}px`,
}

export function isSameVariant(a: Variant, b: Variant): boolean {
  return KEYS.every((key) => a[key] === b[key])
}

/** The values of some keys as texts; undefined if the variant lacks one. */
export function valuesOf(variant: Variant, ...keys: readonly (keyof Variant)[]): readonly string[] | undefined {
  const values = keys.flatMap((key) => variant[key] ?? []).map(String)
  return values.length === keys.length ? values : undefined
}
