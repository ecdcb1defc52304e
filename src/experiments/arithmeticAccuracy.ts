import { combine, joined, letSignalsIn, ORIGINS } from './arithmetic.js'
import { type ArithmeticModels, rectified } from './arithmeticModels.js'
import { type ExpressionKind, KINDS, type Trial } from './arithmeticTrials.js'
import { parseExpression } from './expression.js'
import type { FramePixels, PlacedObject } from './objectScene.js'

/** What is judged: the result from each origin, and as control the expectation's own feature, without arithmetic. */
export const JUDGED = [...ORIGINS, 'control'] as const
export type Judged = (typeof JUDGED)[number]

/**
 * What a decoded image is compared with at the place of an object: what the generator makes of the true features of the
 * expected scene with and without the object, or the pixels of these two scenes.
 */
export const REFERENCES = ['decoded', 'pixels'] as const
export type Reference = (typeof REFERENCES)[number]

/** Counts over trials: objects seen where they are expected, and where they are not. */
export interface ArithmeticCounts {
  readonly layer: string
  readonly kind: ExpressionKind
  readonly judged: Judged
  readonly reference: Reference
  readonly trials: number
  readonly expected: number
  readonly found: number
  /** Objects that were taken away, and those of them that are still seen. */
  readonly subtracted: number
  readonly left: number
  /** Objects that were in no image, and those of them that are seen. */
  readonly decoys: number
  readonly phantoms: number
  /** Trials with every expected object and no other. */
  readonly exact: number
}

export interface AccuracyOptions {
  /** Called now and then with the number of trials done and what was counted until then. */
  readonly onTrials?: (done: number, counts: readonly ArithmeticCounts[]) => void | Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** Trials whose images are in memory together. */
const AT_A_TIME = 8

/**
 * Over many random expressions, how often the decoded result shows the expected objects and no other. An object is seen
 * where, within its square, the mean squared difference to the reference with it is smaller than to the one without it;
 * a tie counts as wrong.
 * @param draw the pixels of a scene
 * @throws InterruptedError
 */
export async function arithmeticAccuracy(
  models: ArithmeticModels,
  trials: readonly Trial[],
  draw: (objects: readonly PlacedObject[]) => FramePixels,
  { onTrials, signal }: AccuracyOptions = {},
): Promise<readonly ArithmeticCounts[]> {
  const counts = new Map<string, Counting>()
  for (let start = 0; start < trials.length; start += AT_A_TIME) {
    const part = trials.slice(start, start + AT_A_TIME).map((trial) => drawTrial(trial, draw))
    await letSignalsIn(signal)
    const features = await models.encode([draw([]), ...part.flatMap(({ images }) => images)])
    for (const [i, { name: layer, dims }] of models.network.layers.entries()) {
      await letSignalsIn(signal)
      for (const [trial, seen] of await judgeTrials(models, i, part, features[i] as Float32Array, dims)) {
        for (const { judged, reference, objects } of seen) {
          const key = JSON.stringify([layer, trial.kind, judged, reference])
          const sum = counts.get(key) ?? emptyCounts(layer, trial.kind, judged, reference)
          addTrial(sum, trial, objects)
          counts.set(key, sum)
        }
      }
    }
    await onTrials?.(start + part.length, [...counts.values()])
  }
  return [...counts.values()]
}

/** A trial's scenes in pixels. */
interface DrawnTrial {
  readonly trial: Trial
  /** The two images of the expression, the expected scene, and for each object the expected scene with or without it. */
  readonly images: readonly FramePixels[]
}

function drawTrial(trial: Trial, draw: (objects: readonly PlacedObject[]) => FramePixels): DrawnTrial {
  const { A, B, expected } = KINDS[trial.kind]
  const changed = trial.objects.map((_, k) =>
    expected.includes(k) ? expected.filter((j) => j !== k) : [...expected, k],
  )
  const scenes = [A, B, expected, ...changed]
  return { trial, images: scenes.map((scene) => draw(scene.map((k) => trial.objects[k] as PlacedObject))) }
}

/** Images of a trial that go through the network. */
export function trialImages({ objects }: Trial): number {
  return 3 + objects.length
}

/** Where a judged image shows an object of a trial. */
interface Seen {
  readonly judged: Judged
  readonly reference: Reference
  /** One an object. */
  readonly objects: readonly boolean[]
}

/** @param features of the blank frame and of every trial's images, [1 + images, dims] */
async function judgeTrials(
  models: ArithmeticModels,
  layer: number,
  drawn: readonly DrawnTrial[],
  features: Float32Array,
  dims: number,
): Promise<readonly (readonly [Trial, readonly Seen[]])[]> {
  const row = (index: number) => features.subarray(index * dims, (index + 1) * dims)
  const rectifies = models.generators[layer]?.feature === 'post-relu'
  let first = 1
  const toDecode = drawn.flatMap(({ trial, images }) => {
    const operands = new Map([
      ['A', row(first)],
      ['B', row(first + 1)],
    ])
    const terms = parseExpression(KINDS[trial.kind].expression)
    const results = ORIGINS.map((origin) => combine(terms, operands, origin === 'blank' ? row(0) : undefined))
    const scenes = features.subarray((first + 2) * dims, (first + images.length) * dims)
    first += images.length
    return [...(rectifies ? results.map(rectified) : results), scenes]
  })
  const decoded = [...(await models.decode(layer, joined(toDecode)))]
  return drawn.map(({ trial, images }) => {
    const results = decoded.splice(0, ORIGINS.length)
    const scenes = images.slice(2)
    const decodedScenes = decoded.splice(0, scenes.length)
    const side = models.network.input.cols
    const seen = ORIGINS.flatMap((origin, i): Seen[] => [
      {
        judged: origin,
        reference: 'decoded',
        objects: seenObjects(trial, results[i] as FramePixels, decodedScenes, side),
      },
      { judged: origin, reference: 'pixels', objects: seenObjects(trial, results[i] as FramePixels, scenes, side) },
    ])
    const control = seenObjects(trial, decodedScenes[0] as FramePixels, scenes, side)
    return [trial, [...seen, { judged: 'control', reference: 'pixels', objects: control }]] as const
  })
}

/** @param scenes the expected scene, then for each object the expected scene with or without it */
function seenObjects(
  { kind, objects }: Trial,
  image: FramePixels,
  scenes: readonly FramePixels[],
  side: number,
): readonly boolean[] {
  const expectedScene = scenes[0] as FramePixels
  return objects.map((object, k) => {
    const changed = scenes[k + 1] as FramePixels
    const isNearerToExpected =
      squareError(image, expectedScene, object, side) < squareError(image, changed, object, side)
    return KINDS[kind].expected.includes(k) === isNearerToExpected
  })
}

/** Sum of squared differences within an object's square. */
function squareError(a: FramePixels, b: FramePixels, { row, col, size }: PlacedObject, side: number): number {
  let sum = 0
  for (let y = row; y < row + size; y++) {
    for (let i = (y * side + col) * 3; i < (y * side + col + size) * 3; i++) {
      sum += ((a[i] as number) - (b[i] as number)) ** 2
    }
  }
  return sum
}

type Counting = { -readonly [Field in keyof ArithmeticCounts]: ArithmeticCounts[Field] }

function emptyCounts(layer: string, kind: ExpressionKind, judged: Judged, reference: Reference): Counting {
  const none = { trials: 0, expected: 0, found: 0, subtracted: 0, left: 0, decoys: 0, phantoms: 0, exact: 0 }
  return { layer, kind, judged, reference, ...none }
}

function addTrial(counts: Counting, { kind, objects }: Trial, seen: readonly boolean[]): void {
  const { expected } = KINDS[kind]
  const decoy = objects.length - 1
  const missed = expected.filter((k) => !seen[k]).length
  const subtracted = objects.flatMap((_, k) => (k === decoy || expected.includes(k) ? [] : [k]))
  const left = subtracted.filter((k) => seen[k]).length
  const phantoms = seen[decoy] ? 1 : 0
  counts.trials++
  counts.expected += expected.length
  counts.found += expected.length - missed
  counts.subtracted += subtracted.length
  counts.left += left
  counts.decoys++
  counts.phantoms += phantoms
  if (missed + left + phantoms === 0) counts.exact++
}

/** The counts of two sets of trials together. */
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
