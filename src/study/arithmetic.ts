import { parseDevice } from '../engine/device.js'
import { checkBlend } from '../engine/scene.js'
import type { Scene } from '../engine/task.js'
import { UsageError } from '../errors.js'
import { openArithmeticModels } from '../experiments/arithmeticModels.js'
import { namesOf, ORIGINS, type Origin, parseExpression } from '../experiments/expression.js'
import type { LayerArithmetic } from '../experiments/featureArithmetic.js'
import type { FramePixels } from '../experiments/objectScene.js'
import { makeWritableFolder } from '../files/atomic.js'
import { optimizationNotes } from '../networks/index.js'
import { readBackground, WHITE } from '../patches/background.js'
import { patchesFrom } from '../patches/collection.js'
import { type ProgressListener, progressTo } from '../progress.js'
import type { ArithmeticDocument } from '../results/arithmeticDocument.js'
import { checkOptions, kinds } from '../support/optionChecks.js'
import { drawExpression, type Operand, operandOf } from './drawnExpression.js'
import { openEncoder } from './encoder.js'
import { computeExpression } from './expression.js'
import { chooseGenerators, type GeneratorChoice } from './generators.js'

/** Options of `arithmetic`. */
export interface ArithmeticOptions extends GeneratorChoice {
  /** Expression of image names with `+`, `-`, factors and parentheses, such as `A + B - 0.5 * C`. */
  readonly expression: string
  /**
   * Images by name. Each is the path of a picture of the frame's size, a scene of objects, or `blank`. A scene lists
   * `object@row,col` or `object:size@row,col` with spaces or `+` between, all in pixels.
   */
  readonly images: Readonly<Record<string, string>>
  /** Folder of pictures, or manifest.json, with the objects for scenes; by default the built-in objects. */
  readonly patches?: string
  /** Side in pixels of objects whose scene gives no size; 75 by default. */
  readonly size?: number
  /** Background of scenes: `white` (default), `#rrggbb`, `noise:SEED` or the path of a picture. */
  readonly background?: string
  /** `hard` (default) draws pixels with alpha ≥ 128 and no others; `soft` mixes object and background by alpha. */
  readonly blend?: Scene['blend']
  /**
   * Origin of feature vectors: `zero` (default), as in the paper, or `blank`, the blank frame's feature. With `blank`,
   * the background counts once instead of once per image.
   */
  readonly origin?: Origin
  /**
   * Device that runs the network: by default the processor, or a GPU named as in `extract`. Generators use the
   * processor.
   */
  readonly device?: string
  /** Folder for vectors, pictures and arithmetic.json; by default nothing is written. */
  readonly out?: string
  /** Receives notes. */
  readonly onProgress?: ProgressListener
  /** Stops the work; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Result of an expression in feature space. */
export interface Arithmetic {
  /** Contents of arithmetic.json: all errors, and the names of the files in `out`. */
  readonly document: ArithmeticDocument
  /** Vectors (float32) and pictures (RGB [frame, frame, 3]) of each layer. */
  readonly layers: readonly LayerArithmetic[]
  /** Images by name, in the order of the expression. */
  readonly operands: ReadonlyMap<string, FramePixels>
  /** Image that the expression should give. */
  readonly expectation: FramePixels
  /** Duration of the call in seconds. */
  readonly seconds: number
}

/**
 * Adds and subtracts features of images, and decodes the result into an image with a generator (paper sections 2.3 and
 * 3.5, Figure 6). It compares the result with the expected image.
 *
 * The expected image applies the expression to objects: adding a scene places its objects, and subtracting it removes
 * equal ones. With a picture or a fractional factor, it uses pixels instead: background + Σ factor · (image −
 * background).
 *
 * With `out`, it writes for each layer `<layer>-result.npy`, float32 [dims], and `<layer>-operands.npy`, float32
 * [images, dims]. It also writes the decoded images and a contact sheet as PNG, and arithmetic.json.
 * @throws UsageError for invalid options or an invalid expression
 * @throws InputError for missing or damaged files
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws the signal's reason after an abort
 */
export async function arithmetic(options: ArithmeticOptions): Promise<Arithmetic> {
  const { origin = 'zero', patches, size = 75, background = WHITE, blend = 'hard', device = 'auto' } = options
  const { out } = options
  const progress = progressTo(options.onProgress)
  checkOptions(options, {
    required: { expression: kinds.text, images: kinds.files },
    optional: {
      ...{
        model: kinds.text,
        generators: kinds.texts,
        layers: kinds.texts,
        weights: kinds.files,
        postRelu: kinds.flag,
      },
      ...{ patches: kinds.text, size: kinds.number, background: kinds.text, blend: kinds.text, origin: kinds.text },
      ...{ device: kinds.text, out: kinds.text, onProgress: kinds.callback, signal: kinds.signal },
    },
  })
  if (!ORIGINS.includes(origin)) throw new UsageError(`origin ${origin} is not known; use ${ORIGINS.join(' or ')}`)
  checkBlend(blend)
  const request = parseDevice(device)
  const terms = parseExpression(options.expression)
  const names = namesOf(terms, Object.keys(options.images))
  checkFileNames(names)
  const start = performance.now()
  const { network, generators } = await chooseGenerators(options)
  const operands: Operand[] = []
  for (const name of names) operands.push(await operandOf(name, options.images[name] as string, size))
  const drawn = await drawExpression(options.expression, terms, operands, {
    patches: await patchesFrom(patches),
    background: await readBackground(background, network.input.rows, options.signal),
    side: network.input.rows,
    blend,
    signal: options.signal,
  })
  for (const note of [...drawn.notes, ...[network, ...generators].flatMap(optimizationNotes)]) progress.note(note)
  if (out !== undefined) await makeWritableFolder(out)
  const encoder = await openEncoder(network, drawn.operands.length + 2, request, progress, options.signal)
  const models = await openArithmeticModels(encoder, generators)
  try {
    const { document, layers } = await computeExpression(models, drawn, origin, out, options.signal)
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

/** Files are named after images: names that differ by case alone would share them on some systems. */
function checkFileNames(names: readonly string[]): void {
  const lower = names.map((name) => name.toLowerCase())
  const twice = names.find((_, i) => lower.indexOf(lower[i] as string) < i)
  if (twice === undefined) return
  const first = names[lower.indexOf(twice.toLowerCase())]
  throw new UsageError(`images ${first} and ${twice} differ by case alone, which file names may not; rename one`)
}
