import { checkOptions, kinds } from '../checkedOptions.js'
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
import { drawExpression, type Operand, operandOf } from './drawnExpression.js'
import { openEncoder } from './encoder.js'
import { computeExpression } from './expression.js'
import { chooseGenerators, type GeneratorChoice } from './generators.js'

export interface ArithmeticOptions extends GeneratorChoice {
  /** Names, `+` and `-`, parentheses, factors: "A + B - 0.5 * C". */
  readonly expression: string
  /**
   * By name: a picture of the frame's size, or a scene of patches, `patch@row,col` or `patch:size@row,col` separated by
   * spaces or `+`, or `blank`.
   */
  readonly images: Readonly<Record<string, string>>
  /** Folder of pictures or manifest.json that scenes take patches from; the built-in patches by default. */
  readonly patches?: string
  /** Side in pixels of the objects of scenes that have no size of their own, 75 by default. */
  readonly size?: number
  /** `white` (default), `#rrggbb`, `noise:SEED` or a picture's file. */
  readonly background?: string
  /** hard (default): alpha ≥ 128 is the patch; soft: mixed by alpha. */
  readonly blend?: Scene['blend']
  /**
   * Where features are measured from: `zero` (default), as the paper does, or `blank`, the blank frame's feature, so that
   * the frame does not count once for every image.
   */
  readonly origin?: Origin
  /** Where the network runs: the processor by default, or a GPU as for `extract`; generators run on the processor. */
  readonly device?: string
  /** Folder for vectors, pictures and arithmetic.json; nothing is written without it. */
  readonly out?: string
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/** An expression in feature space. */
export interface Arithmetic {
  /** What arithmetic.json holds: all errors, and the names of the files in the folder `out`. */
  readonly document: ArithmeticDocument
  /** Vectors, float32, and pictures, RGB [frame, frame, 3], of each layer. */
  readonly layers: readonly LayerArithmetic[]
  /** By name, in the order of the expression. */
  readonly operands: ReadonlyMap<string, FramePixels>
  readonly expectation: FramePixels
  readonly seconds: number
}

/**
 * Adds and subtracts features of images and shows by a generator what the result looks like (paper sections 2.3 and 3.5,
 * Figure 6), beside what the same expression gives on objects: adding a scene places its objects, subtracting it removes
 * the equal ones. With pictures among the images, or factors that are no whole numbers, it is taken on pixels:
 * background + Σ factor · (image − background).
 *
 * With `out`, writes for each layer `<layer>-result.npy`, float32 [dims], `<layer>-operands.npy`, float32 [images, dims],
 * the decoded images and a contact sheet as PNG, and arithmetic.json.
 * @throws UsageError, InputError, OutputError or the signal's reason; see src/errors.ts
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
  const encoder = await openEncoder(network, drawn.operands.length + 2, device, progress, options.signal)
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
