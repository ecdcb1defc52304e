import { join } from 'node:path'
import { z } from 'zod'
import { BLENDS } from '../../engine/scene/task.js'
import { InputError } from '../../errors.js'
import { JUDGED, REFERENCES } from '../../experiments/arithmetic/accuracy.js'
import { ORIGINS } from '../../experiments/arithmetic/expression.js'
import { EXPRESSION_KINDS } from '../../experiments/arithmetic/trials.js'
import { readSealedJson, writeSealedJson } from '../../files/sealedJson.js'
import { firstDamaged } from '../../files/sha256.js'

/**
 * Version of the stored results of feature arithmetic. Increase it whenever numbers or files change. Reports then refuse
 * older results, and `reproduce` computes them again.
 */
export const ARITHMETIC_FORMAT = 1

const ARITHMETIC_FILE = 'arithmetic.json'

/** Name of a file in the expression's folder. It has no path separators, so it cannot lead out of this folder. */
const fileSchema = z.string().regex(/^[^/\\\p{Surrogate}]+$/u)

const errorsSchema = z.object({
  psnr: z.number().nullable(),
  psnrToDecoded: z.number().nullable(),
  cosine: z.number().nullable(),
})

const layerSchema = z.object({
  layer: z.string(),
  generator: z.string(),
  generatorSha256: z.string(),
  dims: z.number().int().positive(),
  feature: z.enum(['pre-relu', 'post-relu']),
  /**
   * PSNR in dB between the expected image and the picture that is decoded from the feature of this image. It shows the
   * generator's own error. Null if both pictures are equal.
   */
  reconstruction: z.number().nullable(),
  /** Errors of the result, for each choice of the point that counts as zero (see `Origin`). */
  origins: z.record(z.enum(ORIGINS), errorsSchema),
  files: z.object({
    /** File of the result vector, float32 [dims]. */
    result: fileSchema,
    /** File of the operands' features, float32 [operands, dims]. */
    operands: fileSchema,
    /** Pictures decoded from the operands' features, in the order of the operands. */
    decodedOperands: z.array(fileSchema),
    decodedResult: fileSchema,
    /** Picture decoded from a second result, which is computed with the other value of `origin`. */
    decodedFromOther: fileSchema,
    decodedExpectation: fileSchema,
  }),
})

const documentSchema = z.object({
  format: z.literal(ARITHMETIC_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  /** Side of the square input image in pixels. */
  frame: z.number().int().positive(),
  background: z.string(),
  blend: z.enum(BLENDS),
  expression: z.string(),
  terms: z.array(z.object({ name: z.string(), coefficient: z.number() })),
  /** Point that counts as zero when features are added and subtracted (see `Origin`). */
  origin: z.enum(ORIGINS),
  /**
   * Images that the expression combines. `scene` lists the objects of an image; null if it is a picture file. `sha256`
   * is the hash of the image's pixels.
   */
  operands: z.array(
    z.object({
      name: z.string(),
      source: z.string(),
      scene: z.string().nullable(),
      sha256: z.string(),
      file: fileSchema,
    }),
  ),
  /**
   * Image that the result should show. It has the objects that remain if the expression is applied to the scenes'
   * objects. If that is impossible, the expression is applied to the images' pixels.
   */
  expectation: z.object({
    kind: z.enum(['objects', 'pixels']),
    scene: z.string().nullable(),
    sha256: z.string(),
    file: fileSchema,
  }),
  notes: z.array(z.string()),
  layers: z.array(layerSchema),
  /** SHA-256 of every other file in the folder, except index.html, which is made from this document. */
  files: z.record(fileSchema, z.string()),
})

/** Contents of arithmetic.json: an expression, its operands, and the errors and files of each layer. */
export type ArithmeticDocument = Readonly<z.infer<typeof documentSchema>>

const countSchema = z.number().int().nonnegative()

const accuracySchema = z.object({
  /** Everything on which the numbers in `counts` depend. */
  inputs: z.object({
    format: z.literal(ARITHMETIC_FORMAT),
    model: z.string(),
    weightsSha256: z.string(),
    generators: z.array(z.object({ layer: z.string(), id: z.string(), sha256: z.string() })),
    /**
     * Layers that are read, how feature maps are pooled, and how pixels become the network's input. Absent if the
     * catalog defines them.
     */
    reading: z.object({ layers: z.array(z.string()), pool: z.string(), input: z.string() }).optional(),
    patches: z.array(z.object({ name: z.string(), sha256: z.string() })),
    size: z.number().int(),
    background: z.string(),
    blend: z.enum(BLENDS),
    trialsPerKind: z.number().int(),
    seed: z.number().int(),
  }),
  /** Number of trials (random expressions) counted so far, of all kinds together. */
  done: countSchema,
  counts: z
    .array(
      z.object({
        layer: z.string(),
        kind: z.enum(EXPRESSION_KINDS),
        judged: z.enum(JUDGED),
        reference: z.enum(REFERENCES),
        trials: countSchema,
        expected: countSchema,
        found: countSchema,
        subtracted: countSchema,
        left: countSchema,
        decoys: countSchema,
        phantoms: countSchema,
        exact: countSchema,
      }),
    )
    .readonly(),
})

export type AccuracyDocument = Readonly<z.infer<typeof accuracySchema>>

const REMEDY = 'run reproduce on this folder again with arithmetic among its experiments'

/**
 * Reads the description in an expression's folder, and checks every file that it lists.
 * @throws InputError if the description or a file is damaged or missing
 */
export async function readArithmetic(folder: string): Promise<ArithmeticDocument> {
  const document = await readSealedJson(join(folder, ARITHMETIC_FILE), documentSchema, REMEDY)
  const damaged = await firstDamaged(folder, document.files)
  if (damaged !== undefined) throw new InputError(`${damaged} is damaged or missing; ${REMEDY}`)
  return document
}

/** Writes arithmetic.json. Call this last, because this file marks the folder as complete. */
export function writeArithmeticDocument(folder: string, document: ArithmeticDocument): Promise<ArithmeticDocument> {
  return writeSealedJson(join(folder, ARITHMETIC_FILE), documentSchema, document)
}

export function readAccuracy(path: string): Promise<AccuracyDocument> {
  return readSealedJson(path, accuracySchema, REMEDY)
}

export function writeAccuracy(path: string, document: AccuracyDocument): Promise<AccuracyDocument> {
  return writeSealedJson(path, accuracySchema, document)
}
