import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { JUDGED, REFERENCES } from '../experiments/arithmeticAccuracy.js'
import { EXPRESSION_KINDS } from '../experiments/arithmeticTrials.js'
import { ORIGINS } from '../experiments/featureArithmetic.js'
import { writeFileAtomic } from '../files/atomic.js'
import { parseJson } from '../files/json.js'
import { readRegular } from '../files/regularFile.js'
import { sha256, sha256OfFile } from '../files/sha256.js'

/** Raised whenever a change of the program changes the numbers or files of arithmetic. */
export const ARITHMETIC_FORMAT = 2

/** Name of the description in the folder of an expression. */
export const ARITHMETIC_FILE = 'arithmetic.json'

/** Of a file in the same folder. */
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
  /** PSNR in dB of the decoded expectation against the expected pixels: what the generator alone loses. */
  reconstruction: z.number().nullable(),
  /** Errors of the result measured from each origin. */
  origins: z.record(z.enum(ORIGINS), errorsSchema),
  files: z.object({
    /** Result vector, float32 [dims], and features of the operands, float32 [operands, dims]. */
    result: fileSchema,
    operands: fileSchema,
    /** Pictures: the decoded operands in their order, result, the result from the other origin, and expectation. */
    decodedOperands: z.array(fileSchema),
    decodedResult: fileSchema,
    decodedFromOther: fileSchema,
    decodedExpectation: fileSchema,
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
  blend: z.enum(['hard', 'soft']),
  expression: z.string(),
  terms: z.array(z.object({ name: z.string(), coefficient: z.number() })),
  /** Where the features of the result vector are measured from. */
  origin: z.enum(ORIGINS),
  /** `scene`: the placed objects; null: a picture's file. `sha256`: of the pixels in the frame. */
  operands: z.array(
    z.object({
      name: z.string(),
      source: z.string(),
      scene: z.string().nullable(),
      sha256: z.string(),
      file: fileSchema,
    }),
  ),
  /** What the expression is in pixel space: on objects where all operands are scenes, else on pixels. */
  expectation: z.object({
    kind: z.enum(['objects', 'pixels']),
    scene: z.string().nullable(),
    sha256: z.string(),
    file: fileSchema,
  }),
  notes: z.array(z.string()),
  layers: z.array(layerSchema),
  /** SHA-256 of every file beside this one. */
  sha256: z.record(fileSchema, z.string()),
})

/** arithmetic.json itself: the description and the SHA-256 of its JSON without white space. */
const describedSchema = documentSchema.extend({ documentSha256: z.string() })

/** What arithmetic.json holds: an expression, its operands, and each layer's errors and files. */
export type ArithmeticDocument = Readonly<z.infer<typeof documentSchema>>

const countSchema = z.number().int().nonnegative()

const accuracySchema = z.object({
  /** All that decides the counts. */
  inputs: z.object({
    format: z.literal(ARITHMETIC_FORMAT),
    model: z.string(),
    weightsSha256: z.string(),
    generators: z.array(z.object({ layer: z.string(), id: z.string(), sha256: z.string() })),
    /** Of a network that is not as the catalog has it: its layers, how maps became values, and how pixels became its input. */
    reading: z.object({ layers: z.array(z.string()), pool: z.string(), input: z.string() }).optional(),
    patches: z.array(z.object({ name: z.string(), sha256: z.string() })),
    size: z.number().int(),
    background: z.string(),
    blend: z.enum(['hard', 'soft']),
    trialsPerKind: z.number().int(),
    seed: z.number().int(),
  }),
  /** Trials that are counted, of all kinds. */
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

/** What accuracy.json holds. */
export type AccuracyDocument = Readonly<z.infer<typeof accuracySchema>>

/** accuracy.json itself: counts and the SHA-256 of their JSON without white space. */
const accuracyFileSchema = accuracySchema.extend({ sha256: z.string() })

/**
 * Reads an expression's folder: the description, and every file that it lists is there and undamaged.
 * @throws InputError that names what is missing or damaged
 */
export async function readArithmetic(folder: string): Promise<ArithmeticDocument> {
  const path = join(folder, ARITHMETIC_FILE)
  const { documentSha256, ...document } = await readDocument(path, describedSchema)
  if (documentSha256 !== sha256(JSON.stringify(document))) throw damaged(path)
  for (const [file, digest] of Object.entries(document.sha256)) {
    if (digest !== (await sha256OfFile(join(folder, file)).catch(() => undefined))) throw damaged(join(folder, file))
  }
  return document
}

/** The same, or undefined where something is missing or damaged. */
export function findArithmetic(folder: string): Promise<ArithmeticDocument | undefined> {
  return readArithmetic(folder).catch(() => undefined)
}

/** Writes the description of an expression's folder, once its files are there. */
export async function writeArithmeticDocument(folder: string, document: ArithmeticDocument): Promise<void> {
  const checked = documentSchema.parse(document)
  const complete = { ...checked, documentSha256: sha256(JSON.stringify(checked)) }
  await writeFileAtomic(join(folder, ARITHMETIC_FILE), `${JSON.stringify(complete, null, 2)}\n`)
}

/**
 * Reads the counts of a model's random expressions.
 * @throws InputError if they are missing or damaged
 */
export async function readAccuracy(path: string): Promise<AccuracyDocument> {
  const { sha256: digest, ...document } = await readDocument(path, accuracyFileSchema)
  if (digest !== sha256(JSON.stringify(document))) throw damaged(path)
  return document
}

/** Writes the counts of a model's random expressions, whole or not at all. */
export async function writeAccuracy(path: string, document: AccuracyDocument): Promise<void> {
  const checked = accuracySchema.parse(document)
  const complete = { ...checked, sha256: sha256(JSON.stringify(checked)) }
  await writeFileAtomic(path, `${JSON.stringify(complete, null, 2)}\n`)
}

async function readDocument<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readRegular(path).catch(() => {
    throw new InputError(
      `cannot read ${path}: no such file; run reproduce on this folder again with arithmetic among its experiments`,
    )
  })
  try {
    return schema.parse(parseJson(text.toString('utf8')))
  } catch (error) {
    throw damaged(path, error)
  }
}

function damaged(path: string, cause?: unknown): InputError {
  return new InputError(
    `${path} is damaged or was made by another version; run reproduce on this folder again with arithmetic among its experiments`,
    { cause },
  )
}
