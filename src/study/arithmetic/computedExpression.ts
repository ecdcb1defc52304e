import { join } from 'node:path'
import { type Origin, otherOrigin } from '../../experiments/arithmetic/expression.js'
import { featureArithmetic, type LayerArithmetic } from '../../experiments/arithmetic/featureArithmetic.js'
import type { ArithmeticModels } from '../../experiments/arithmetic/models.js'
import { layoutText, type RgbPixels } from '../../experiments/scenes/layout.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { fileName } from '../../files/fileName.js'
import { encodeNpy } from '../../files/npy.js'
import { sha256 } from '../../files/sha256.js'
import { encodePng } from '../../patches/image.js'
import {
  ARITHMETIC_FORMAT,
  type ArithmeticDocument,
  writeArithmeticDocument,
} from '../../results/arithmetic/document.js'
import type { DrawnExpression } from './drawnExpression.js'

export async function computeExpression(
  models: ArithmeticModels,
  drawn: DrawnExpression,
  origin: Origin,
  out: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly document: ArithmeticDocument; readonly layers: readonly LayerArithmetic[] }> {
  const { terms, blank } = drawn
  const operands = new Map(drawn.operands.map(({ name, image }) => [name, image]))
  const layers = await featureArithmetic(
    models,
    terms,
    { operands, expectation: drawn.expectation.image, blank },
    signal,
  )
  const document = arithmeticDocument(models, drawn, origin, layers)
  return { document: out === undefined ? document : await writeArithmetic(out, document, drawn, layers), layers }
}

/** Contents of arithmetic.json, still without the hashes of the files. */
function arithmeticDocument(
  { network, generators }: ArithmeticModels,
  { expression, terms, operands, expectation, background, blend, notes }: DrawnExpression,
  origin: Origin,
  layers: readonly LayerArithmetic[],
): ArithmeticDocument {
  const other = otherOrigin(origin)
  return {
    format: ARITHMETIC_FORMAT,
    model: network.id,
    weightsSha256: network.weightsSha256,
    frame: network.input.rows,
    background,
    blend,
    expression,
    terms: [...terms],
    origin,
    operands: operands.map(({ name, source, objects, image }) => ({
      name,
      source,
      scene: objects === null ? null : layoutText(objects),
      sha256: sha256(image),
      file: `${operandStem(name)}.png`,
    })),
    expectation: {
      kind: expectation.objects === null ? 'pixels' : 'objects',
      scene: expectation.objects === null ? null : layoutText(expectation.objects),
      sha256: sha256(expectation.image),
      file: 'expectation.png',
    },
    notes: [...notes],
    layers: layers.map(({ layer, generator, dims, reconstruction, origins }, i) => {
      const stem = fileName(layer)
      return {
        layer,
        generator,
        generatorSha256: generators[i]?.weightsSha256 ?? '',
        dims,
        feature: generators[i]?.feature ?? 'pre-relu',
        reconstruction,
        origins: { zero: { ...origins.zero.errors }, blank: { ...origins.blank.errors } },
        files: {
          result: `${stem}-result.npy`,
          operands: `${stem}-operands.npy`,
          decodedOperands: operands.map(({ name }) => `${stem}-${operandStem(name)}.png`),
          decodedResult: `${stem}-result.png`,
          decodedFromOther: `${stem}-result-from-${other}.png`,
          decodedExpectation: `${stem}-expectation.png`,
        },
      }
    }),
    files: {},
  }
}

function operandStem(name: string): string {
  return `operand-${name}`
}

/** Writes an expression's vectors and pictures, and then arithmetic.json. */
async function writeArithmetic(
  out: string,
  document: ArithmeticDocument,
  drawn: DrawnExpression,
  layers: readonly LayerArithmetic[],
): Promise<ArithmeticDocument> {
  const digests: Record<string, string> = {}
  const write = async (file: string, ...pieces: readonly Uint8Array[]) => {
    digests[file] = sha256(...pieces)
    await writeFileAtomic(join(out, file), pieces)
  }
  const raw = { width: document.frame, height: document.frame, channels: 3 } as const
  const writePicture = async (file: string, image: RgbPixels) =>
    write(file, await encodePng(image, raw, { compressionLevel: 9 }))
  for (const [i, { file }] of document.operands.entries()) await writePicture(file, drawn.operands[i]!.image)
  await writePicture(document.expectation.file, drawn.expectation.image)
  for (const [i, { files, dims }] of document.layers.entries()) {
    const computed = layers[i]!
    const own = computed.origins[document.origin]
    const other = computed.origins[otherOrigin(document.origin)]
    await write(files.result, ...encodeNpy([dims], own.result))
    await write(files.operands, ...encodeNpy([document.operands.length, dims], computed.operands))
    for (const [j, file] of files.decodedOperands.entries()) await writePicture(file, computed.decodedOperands[j]!)
    await writePicture(files.decodedResult, own.decoded)
    await writePicture(files.decodedFromOther, other.decoded)
    await writePicture(files.decodedExpectation, computed.decodedExpectation)
  }
  return writeArithmeticDocument(out, { ...document, files: digests })
}
