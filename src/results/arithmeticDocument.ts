import { join } from 'node:path'
import { z } from 'zod'
import { BLENDS } from '../engine/task.js'
import { InputError } from '../errors.js'
import { JUDGED, REFERENCES } from '../experiments/arithmeticAccuracy.js'
import { EXPRESSION_KINDS } from '../experiments/arithmeticTrials.js'
import { ORIGINS } from '../experiments/expression.js'
import { readSealedJson, writeSealedJson } from '../files/sealedJson.js'
import { firstDamaged } from '../files/sha256.js'

/** Raised whenever a change of the program changes the numbers or files of arithmetic. */
export const ARITHMETIC_FORMAT = 3

/** Name of the description in the folder of an expression. */
const ARITHMETIC_FILE = 'arithmetic.json'

/** Name of a file in the same folder. */
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
  /** PSNR in dB between the decoded and the true expected image: the generator's own loss; null if they are equal. */
  reconstruction: z.number().nullable(),
  /** Errors of the result for each origin of feature vectors. */
  origins: z.record(z.enum(ORIGINS), errorsSchema),
  files: z.object({
    /** Result vector, float32 [dims]. */
    result: fileSchema,
    /** Features of the operands, float32 [operands, dims]. */
    operands: fileSchema,
    /** Pictures of the decoded operands, in their order. */
    decodedOperands: z.array(fileSchema),
    /** Picture of the decoded result. */
    decodedResult: fileSchema,
    /** Picture of the decoded result for the other origin. */
    decodedFromOther: fileSchema,
    /** Picture decoded from the expected image's feature. */
    decodedExpectation: fileSchema,
    /** Contact sheet of all pictures. */
    sheet: fileSchema,
  }),
})

const documentSchema = z.object({
  format: z.literal(ARITHMETIC_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  /** Side of the square frame in pixels. */
  frame: z.number().int().positive(),
  background: z.string(),
  blend: z.enum(BLENDS),
  expression: z.string(),
  terms: z.array(z.object({ name: z.string(), coefficient: z.number() })),
  /** Origin of feature vectors for the result. */
  origin: z.enum(ORIGINS),
  /** Images of the expression. `scene` lists the placed objects; null for a picture. `sha256` is that of the pixels. */
  operands: z.array(
    z.object({
      name: z.string(),
      source: z.string(),
      scene: z.string().nullable(),
      sha256: z.string(),
      file: fileSchema,
    }),
  ),
  /** Expected image: the expression applied to the objects of scenes, or else to pixels. */
  expectation: z.object({
    kind: z.enum(['objects', 'pixels']),
    scene: z.string().nullable(),
    sha256: z.string(),
    file: fileSchema,
  }),
  notes: z.array(z.string()),
  layers: z.array(layerSchema),
  /** SHA-256 of every file beside this one. */
  files: z.record(fileSchema, z.string()),
})

/** Contents of arithmetic.json: an expression, its operands, and the errors and files of each layer. */
export type ArithmeticDocument = Readonly<z.infer<typeof documentSchema>>

const countSchema = z.number().int().nonnegative()

const accuracySchema = z.object({
  /** Everything that the counts depend on. */
  inputs: z.object({
    format: z.literal(ARITHMETIC_FORMAT),
    model: z.string(),
    weightsSha256: z.string(),
    generators: z.array(z.object({ layer: z.string(), id: z.string(), sha256: z.string() })),
    /**
     * Settings beyond the catalog's: the layers that are read, the pooling of maps, and how pixels become the input.
     */
    reading: z.object({ layers: z.array(z.string()), pool: z.string(), input: z.string() }).optional(),
    patches: z.array(z.object({ name: z.string(), sha256: z.string() })),
    size: z.number().int(),
    background: z.string(),
    blend: z.enum(BLENDS),
    trialsPerKind: z.number().int(),
    seed: z.number().int(),
  }),
  /** Number of counted trials, of all kinds together. */
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

/** Contents of accuracy.json. */
export type AccuracyDocument = Readonly<z.infer<typeof accuracySchema>>

const REMEDY = 'run reproduce on this folder again with arithmetic among its experiments'

/**
 * Reads the description in an expression's folder, and checks that every file it lists is there and undamaged.
 * @throws InputError that names the missing or damaged file
 */
export async function readArithmetic(folder: string): Promise<ArithmeticDocument> {
  const document = await readSealedJson(join(folder, ARITHMETIC_FILE), documentSchema, REMEDY)
  const damaged = await firstDamaged(folder, document.files)
  if (damaged !== undefined) throw new InputError(`${damaged} is damaged or missing; ${REMEDY}`)
  return document
}

/** Writes the description of an expression's folder once all its files are written. */
export function writeArithmeticDocument(folder: string, document: ArithmeticDocument): Promise<ArithmeticDocument> {
  return writeSealedJson(join(folder, ARITHMETIC_FILE), documentSchema, document)
}

/**
 * Reads the counts of a network's random expressions.
 * @throws InputError if they are missing or damaged
 */
export function readAccuracy(path: string): Promise<AccuracyDocument> {
  return readSealedJson(path, accuracySchema, REMEDY)
}

/** Writes the counts of a network's random expressions, whole or not at all. */
export function writeAccuracy(path: string, document: AccuracyDocument): Promise<AccuracyDocument> {
  return writeSealedJson(path, accuracySchema, document)
}
