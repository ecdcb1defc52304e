import type { FeatureStage } from '../../networks/open/generator.js'
import type { PlacedObject, RgbPixels } from '../scenes/layout.js'
import { ORIGINS, parseExpression } from './expression.js'
import { afterSignals, joined, resultsOf } from './featureArithmetic.js'
import type { ArithmeticModels } from './models.js'
import { type ArithmeticTrial, type ExpressionKind, KINDS } from './trials.js'

/**
 * Feature vectors in which objects are counted. `zero` and `blank` are results of an expression, such as `A - B`,
 * with the zero point of that name (see `Origin`). `control` is the feature vector of the expected scene.
 */
export const JUDGED = [...ORIGINS, 'control'] as const
type Judged = (typeof JUDGED)[number]

/**
 * Ways to decide whether the result of an expression shows an object. Each compares the result with two versions of the
 * expected scene: one with this object and one without it. The nearer version decides.
 * - features: compares feature vectors, so it needs no generator, which would turn features into images
 * - decoded: turns the result and the features of both versions into images, and compares the images within the
 *   object's square
 * - pixels: turns only the result into an image, and compares it with the drawn versions within the object's square
 */
export const REFERENCES = ['features', 'decoded', 'pixels'] as const
type Reference = (typeof REFERENCES)[number]

/** Totals over all trials of one kind. `found` counts those expected objects that the judged vectors show. */
export interface ArithmeticCounts {
  readonly layer: string
  readonly kind: ExpressionKind
  readonly judged: Judged
  readonly reference: Reference
  readonly trials: number
  readonly expected: number
  readonly found: number
  /** Number of subtracted objects; `left` counts those that the result still shows. */
  readonly subtracted: number
  readonly left: number
  /** Number of decoys, which are objects in neither image. `phantoms` counts the decoys that the result shows. */
  readonly decoys: number
  readonly phantoms: number
  /** Number of trials in which the result shows all expected objects, and no others. */
  readonly exact: number
}

interface AccuracyOptions {
  readonly onTrials?: (done: number, counts: readonly ArithmeticCounts[]) => void | Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** Number of trials whose images are in memory at a time. */
const AT_A_TIME = 8

/**
 * Counts how often the results of random expressions show exactly the expected objects. A result shows an object if it
 * is nearer to the scene with the object than to the scene without. Nearer means a smaller sum of squared differences.
 * A tie counts as wrong.
 */
export async function arithmeticAccuracy(
  models: ArithmeticModels,
  trials: readonly ArithmeticTrial[],
  draw: (objects: readonly PlacedObject[]) => RgbPixels,
  { onTrials, signal }: AccuracyOptions = {},
): Promise<readonly ArithmeticCounts[]> {
  let counts: readonly ArithmeticCounts[] = []
  for (let start = 0; start < trials.length; start += AT_A_TIME) {
    const part = trials.slice(start, start + AT_A_TIME).map((trial) => drawTrial(trial, draw))
    await afterSignals(signal)
    const features = await models.encode([draw([]), ...part.flatMap(({ images }) => images)])
    for (const [i, { name: layer, dims }] of models.network.layers.entries()) {
      await afterSignals(signal)
      const judged = await judgeTrials(models, i, part, features[i]!, dims)
      const more = judged.flatMap(([trial, seen]) => seen.map((one) => countsOf(layer, trial, one)))
      counts = addCounts(counts, more)
    }
    await onTrials?.(start + part.length, counts)
  }
  return counts
}

interface DrawnTrial {
  readonly trial: ArithmeticTrial
  /**
   * The images in this order: A and B of the expression, the expected scene, and for each object a variant of the
   * expected scene. If the expected scene shows the object, the variant lacks it. Otherwise, the variant adds it.
   */
  readonly images: readonly RgbPixels[]
}

function drawTrial(trial: ArithmeticTrial, draw: (objects: readonly PlacedObject[]) => RgbPixels): DrawnTrial {
  const { A, B, expected } = KINDS[trial.kind]
  const changed = trial.objects.map((_, k) =>
    expected.includes(k) ? expected.filter((j) => j !== k) : [...expected, k],
  )
  const scenes = [A, B, expected, ...changed]
  return { trial, images: scenes.map((scene) => draw(scene.map((k) => trial.objects[k]!))) }
}

export function trialImages({ objects }: ArithmeticTrial): number {
  return 3 + objects.length
}

interface Seen {
  readonly judged: Judged
  readonly reference: Reference
  readonly objects: readonly boolean[]
}

/** @param features one row for the blank frame, then one row for each image of all trials, [1 + images, dims] */
async function judgeTrials(
  models: ArithmeticModels,
  layer: number,
  drawn: readonly DrawnTrial[],
  features: Float32Array,
  dims: number,
): Promise<readonly (readonly [ArithmeticTrial, readonly Seen[]])[]> {
  const generator = models.generators[layer]
  const vectors = trialVectors(drawn, features, dims, generator?.feature)
  const byFeatures = drawn.map(({ trial }, t) => [trial, seenInFeatures(trial, vectors[t]!)] as const)
  if (generator === undefined) return byFeatures
  const toDecode = vectors.flatMap(({ results, scenes }) => [...results, ...scenes])
  const pictures = [...(await models.decode(layer, joined(toDecode)))]
  const side = models.network.input.cols
  return drawn.map(({ trial, images }, t) => {
    const { results, scenes } = vectors[t]!
    const decodedResults = pictures.splice(0, results.length)
    const decodedScenes = pictures.splice(0, scenes.length)
    const inSquare = (picture: RgbPixels | undefined) => (scene: RgbPixels, object: PlacedObject) =>
      squareError(picture!, scene, object, side)
    const pixels = images.slice(2)
    const seen = ORIGINS.flatMap((judged, i): Seen[] => {
      const inPicture = inSquare(decodedResults[i])
      return [
        { judged, reference: 'decoded', objects: seenObjects(trial, decodedScenes, inPicture) },
        { judged, reference: 'pixels', objects: seenObjects(trial, pixels, inPicture) },
      ]
    })
    const control = seenObjects(trial, pixels, inSquare(decodedScenes[0]))
    const [, inFeatures] = byFeatures[t]!
    return [trial, [...inFeatures, ...seen, { judged: 'control', reference: 'pixels', objects: control }]] as const
  })
}

function seenInFeatures(trial: ArithmeticTrial, { results, scenes }: TrialVectors): readonly Seen[] {
  return ORIGINS.map((judged, i) => {
    const toResult = (scene: Float32Array) => squareDistance(results[i]!, scene)
    return { judged, reference: 'features', objects: seenObjects(trial, scenes, toResult) }
  })
}

interface TrialVectors {
  /** Results of the expression, one for each zero point in `ORIGINS`, [dims] each. */
  readonly results: readonly Float32Array[]
  /** Features of the expected scene and of its variants, in the order of `DrawnTrial.images`, [dims] each. */
  readonly scenes: readonly Float32Array[]
}

function trialVectors(
  drawn: readonly DrawnTrial[],
  features: Float32Array,
  dims: number,
  stage: FeatureStage | undefined,
): readonly TrialVectors[] {
  const row = (index: number) => features.subarray(index * dims, (index + 1) * dims)
  let first = 1
  return drawn.map(({ trial, images }) => {
    const operands = new Map([
      ['A', row(first)],
      ['B', row(first + 1)],
    ])
    const scenes = images.slice(2).map((_, i) => row(first + 2 + i))
    first += images.length
    const terms = parseExpression(KINDS[trial.kind].expression)
    return { results: resultsOf(terms, operands, row(0), stage), scenes }
  })
}

/** @param scenes the expected scene and its variants, in the order of `DrawnTrial.images` */
function seenObjects<Scene>(
  { kind, objects }: ArithmeticTrial,
  scenes: readonly Scene[],
  errorTo: (scene: Scene, object: PlacedObject) => number,
): readonly boolean[] {
  return objects.map((object, k) => {
    const [asExpected, changed] = [scenes[0] as Scene, scenes[k + 1] as Scene]
    const isAsExpected = errorTo(asExpected, object) < errorTo(changed, object)
    return KINDS[kind].expected.includes(k) === isAsExpected
  })
}

function squareDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}

function squareError(a: RgbPixels, b: RgbPixels, { row, col, size }: PlacedObject, side: number): number {
  let sum = 0
  for (let y = row; y < row + size; y++) {
    for (let i = (y * side + col) * 3; i < (y * side + col + size) * 3; i++) {
      sum += (a[i]! - b[i]!) ** 2
    }
  }
  return sum
}

function countsOf(layer: string, { kind, objects }: ArithmeticTrial, { judged, reference, objects: seen }: Seen) {
  const { expected } = KINDS[kind]
  const decoy = objects.length - 1
  const missed = expected.filter((k) => !seen[k]).length
  const subtracted = objects.flatMap((_, k) => (k === decoy || expected.includes(k) ? [] : [k]))
  const left = subtracted.filter((k) => seen[k]).length
  const phantoms = seen[decoy] ? 1 : 0
  return {
    layer,
    kind,
    judged,
    reference,
    trials: 1,
    expected: expected.length,
    found: expected.length - missed,
    subtracted: subtracted.length,
    left,
    decoys: 1,
    phantoms,
    exact: missed + left + phantoms === 0 ? 1 : 0,
  }
}

type Counting = { -readonly [Field in keyof ArithmeticCounts]: ArithmeticCounts[Field] }

export function addCounts(
  some: readonly ArithmeticCounts[],
  more: readonly ArithmeticCounts[],
): readonly ArithmeticCounts[] {
  const sums = new Map<string, Counting>()
  for (const entry of [...some, ...more]) {
    const { layer, kind, judged, reference, ...numbers } = entry
    const key = JSON.stringify([layer, kind, judged, reference])
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { ...entry })
    else for (const [field, number] of Object.entries(numbers)) sum[field as keyof typeof numbers] += number
  }
  return [...sums.values()]
}
