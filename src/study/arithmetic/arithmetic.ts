import { join } from 'node:path'
import { z } from 'zod'
import { parseDevice } from '../../engine/devices/device.js'
import { BLENDS } from '../../engine/scene/task.js'
import { UsageError } from '../../errors.js'
import { namesOf, ORIGINS, parseExpression } from '../../experiments/arithmetic/expression.js'
import type { LayerArithmetic } from '../../experiments/arithmetic/featureArithmetic.js'
import type { RgbPixels } from '../../experiments/scenes/layout.js'
import { makeWritableFolder, writeFileAtomic } from '../../files/atomic.js'
import { optimizationNotes } from '../../networks/open/notes.js'
import { readBackground, WHITE } from '../../patches/background.js'
import { patchesFrom } from '../../patches/collection.js'
import { type ProgressListener, progressTo } from '../../progress.js'
import { expressionPage } from '../../report/arithmetic/section.js'
import type { ArithmeticDocument } from '../../results/arithmetic/document.js'
import { callback, type GivenOptions, oneOf, parseOptions, schemas } from '../../support/optionChecks.js'
import { computeExpression } from './computedExpression.js'
import { drawExpression, operandOf } from './drawnExpression.js'
import { chooseGenerators, GENERATOR_OPTIONS, type GeneratorChoice, openWithGenerators } from './generators.js'

const OPTIONS = {
  /** Expression of image names with `+`, `-` and factors, such as `A + B - 0.5 * C`. */
  expression: z.string(),
  /**
   * Images by name. Each is the path of a picture as large as the network's input, a scene of objects, or `blank` for
   * the background alone. A scene lists objects as `object@row,col` or `object:size@row,col` in pixels, separated by
   * spaces or `+`.
   */
  images: schemas.files.readonly(),
  /** Folder of pictures, or manifest.json, with the objects for scenes; by default the built-in objects. */
  patches: z.string().exactOptional(),
  /** Side, in pixels, of the objects that a scene lists without a size; 75 by default. */
  size: z.number().default(75),
  /** Background of scenes, named as in `extract`; `white` by default. */
  background: z.string().default(WHITE),
  /** `hard` (default) draws pixels with alpha ≥ 128 and no others; `soft` mixes object and background by alpha. */
  blend: oneOf('blend', BLENDS).default('hard'),
  /**
   * Point from which feature vectors are measured: `zero` (default), as in the paper, or `blank`, the feature of the
   * background alone. With `blank`, the result contains the background exactly once. With `zero`, the background is
   * added again with each added image, and removed once with each subtracted image.
   */
  origin: oneOf('origin', ORIGINS).default('zero'),
  /**
   * Device that runs the network: by default the processor, or a GPU named as in `extract`. Generators use the
   * processor.
   */
  device: z.string().default('auto'),
  /** Folder for vectors, pictures and arithmetic.json; by default nothing is written. */
  out: z.string().exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
}

/** Options of `arithmetic`. */
export interface ArithmeticOptions extends GivenOptions<typeof OPTIONS>, GeneratorChoice {}

/** Result of an expression in feature space. */
export interface Arithmetic {
  /** Contents of arithmetic.json, such as the errors of the result and the names of the files in `out`. */
  readonly document: ArithmeticDocument
  /** For each layer, its feature vectors (float32) and decoded pictures (RGB, [rows, cols, 3]). */
  readonly layers: readonly LayerArithmetic[]
  /** Images by name, in the order of the expression. */
  readonly operands: ReadonlyMap<string, RgbPixels>
  /** Image that the expression should give. */
  readonly expectation: RgbPixels
  readonly seconds: number
}

/**
 * Adds and subtracts features of images, and decodes the result into an image with a generator (paper sections 2.3 and
 * 3.5, Figure 6). It compares the result with the expected image.
 *
 * To get the expected image, the expression is applied to objects: adding a scene places its objects, and subtracting
 * it removes them. If an image is a picture, or a factor is not a whole number, the expected image is computed from
 * pixels: background + Σ factor · (image − background).
 *
 * With `out`, it writes for each layer `<layer>-result.npy`, float32 [dims], and `<layer>-operands.npy`, float32
 * [images, dims]. It also writes the images and the decoded images as PNG, arithmetic.json, and a
 * page that shows all of these, index.html.
 * @throws UsageError for invalid options or an invalid expression
 * @throws InputError for missing or damaged files
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws the signal's reason after an abort
 */
export async function arithmetic(options: ArithmeticOptions): Promise<Arithmetic> {
  const { expression, images, ...checked } = parseOptions(options, { ...OPTIONS, ...GENERATOR_OPTIONS })
  const { origin, size, blend, out, signal } = checked
  const progress = progressTo(checked.onProgress)
  const request = parseDevice(checked.device)
  const terms = parseExpression(expression)
  const names = namesOf(terms, Object.keys(images))
  checkFileNames(names)
  const start = performance.now()
  const chosen = await chooseGenerators(checked)
  const { network, generators } = chosen
  const operands = names.map((name) => operandOf(name, images[name]!, size))
  const drawn = await drawExpression(expression, terms, operands, {
    patches: await patchesFrom(checked.patches),
    background: await readBackground(checked.background, network.input.rows, signal),
    side: network.input.rows,
    blend,
    signal,
  })
  for (const note of [...drawn.notes, ...[network, ...generators].flatMap(optimizationNotes)]) progress.note(note)
  if (out !== undefined) await makeWritableFolder(out)
  const models = await openWithGenerators(chosen, drawn.operands.length + 2, request, progress, signal)
  try {
    const { document, layers } = await computeExpression(models, drawn, origin, out, signal)
    if (out !== undefined) await writeFileAtomic(join(out, 'index.html'), expressionPage(document))
    return {
      document,
      layers,
      operands: new Map(drawn.operands.map(({ name, image }) => [name, image])),
      expectation: drawn.expectation.image,
      seconds: (performance.now() - start) / 1000,
    }
  } finally {
    await models.close()
  }
}

/**
 * Refuses images whose names differ only in case. Files are named after images, and on some systems such names would
 * mean the same file.
 */
function checkFileNames(names: readonly string[]): void {
  const lower = names.map((name) => name.toLowerCase())
  const twice = names.find((_, i) => lower.indexOf(lower[i]!) < i)
  if (twice === undefined) return
  const first = names[lower.indexOf(twice.toLowerCase())]
  throw new UsageError(
    `the image names ${first} and ${twice} differ only in case, but files are named after them; rename one`,
  )
}
