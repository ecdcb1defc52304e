import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { COLUMNS, columnsOf, PROTOCOL_NAMES } from '../../experiments/answers/protocols.js'
import { sha256 } from '../../files/sha256.js'
import { SCORE_MEANINGS } from '../../network.js'
import { READINGS } from '../../patches/reading.js'
import { headSchema } from '../unit/schema.js'

/**
 * Version of the stored answers. Increase it whenever the frames of a protocol or the stored values change. Older
 * answers are then computed again.
 */
export const ANSWERS_FORMAT = 1

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

/** Everything that determines answers, besides the photographs. Stored answers to other inputs are computed again. */
export const answersInputsSchema = z.object({
  format: z.literal(ANSWERS_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  /** Name of the layer with class scores, whose answers are compared. */
  layer: z.string(),
  /** Side of the network's square input in pixels. */
  frame: z.number().int().positive(),
  /** How pixels become the network's input. */
  input: z.string(),
  /** How photographs are read. */
  reading: z.enum(READINGS),
  /** What the network's class scores mean. Probabilities are computed from them accordingly. */
  scores: z.enum(SCORE_MEANINGS),
  /** Floating-point type of the network's arithmetic; absent for float32. */
  precision: z.literal('fp16').exactOptional(),
  /** What decides the answers of a head, such as a detector's; absent for other networks. */
  head: headSchema.exactOptional(),
  protocol: z.enum(PROTOCOL_NAMES),
  /** Settings of the protocol. Those on which its answers do not depend are absent. */
  draws: z.number().int().positive().exactOptional(),
  seed: z.number().exactOptional(),
  background: z.string().exactOptional(),
  /** First two hexadecimal digits of the SHA-256 of each photograph's name. */
  bucket: z.string().regex(/^[0-9a-f]{2}$/),
})
export type AnswersInputs = z.infer<typeof answersInputsSchema>

const photographSchema = z.object({
  name: z.string(),
  /** SHA-256 of the file, in hexadecimal. */
  sha256: sha256Schema,
  /** The right class in the user's words, several separated by `;`. Absent without a label. */
  label: z.string().exactOptional(),
  /** Indices of the right classes in the network's output, ascending. Absent without a label. */
  right: z.array(z.number().int().nonnegative()).min(1).exactOptional(),
})
/** A photograph whose answers are stored. */
export type AnsweredPhotograph = z.infer<typeof photographSchema>

const failureSchema = z.object({
  name: z.string(),
  /** Absent if the file could not be read at all. Such a photograph is tried again. */
  sha256: sha256Schema.exactOptional(),
  reason: z.string(),
})
/** A photograph that cannot be used, and why. */
export type FailedPhotograph = z.infer<typeof failureSchema>

/** The bucket of a photograph. It depends on the name only, so that a plan reads no photograph. */
export function bucketOf(photograph: string): string {
  return sha256(photograph).slice(0, 2)
}

const networkFactsSchema = z.object({
  /** Number of classes. */
  classes: z.number().int().positive(),
  /** SHA-256 of the names of the classes; absent if nothing names them. Networks with equal ones have the same classes. */
  classesSha256: sha256Schema.exactOptional(),
  /** Number of weights. */
  parameters: z.number().int().nonnegative(),
  /** Multiply-adds for one image; absent if the graph does not tell. */
  multiplyAdds: z.number().int().nonnegative().exactOptional(),
})
/** What is known of a network besides its answers. No answer depends on it. */
export type NetworkFacts = z.infer<typeof networkFactsSchema>

const fieldsSchema = z.object({
  inputs: answersInputsSchema,
  /** Absent from answers of earlier versions. */
  network: networkFactsSchema.exactOptional(),
  /** What the values of each answer are. */
  columns: z.array(z.enum(COLUMNS)),
  /** Sorted by name. Row i of answers.npy belongs to photograph i. */
  photographs: z.array(photographSchema),
  /** Sorted by name. */
  failed: z.array(failureSchema),
  /** Names of the classes that are answers, by index. */
  names: z.record(z.string(), z.string()),
  /** SHA-256 of each array, by file. */
  arrays: z.object({ 'answers.npy': z.string() }),
})

/** Contents of answers.json: one network, one protocol, and the photographs of one bucket. */
export const answersSchema = fieldsSchema.refine(
  ({ inputs, columns, photographs, failed }) =>
    isDeepStrictEqual(columns, columnsOf(inputs)) &&
    [...photographs, ...failed].every(({ name }) => bucketOf(name) === inputs.bucket),
)
export type StoredAnswers = z.infer<typeof answersSchema>
