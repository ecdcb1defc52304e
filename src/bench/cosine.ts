/**
 * Cosine similarity of all positions with the anchors against the memory-read bandwidth of the same number of threads, and on
 * a card against the processor.
 *
 * Floor: every feature is read once, 22,500·4096·4 = 369 MB for fc6 at size 75, and takes 1 + anchors multiply-adds in
 * float64. With five anchors and two 512-bit units a core does that at 10.7 bytes a cycle, 32 GB/s at 3 GHz, above the
 * memory bandwidth of most cores; with 256-bit units at half of it, where arithmetic and memory meet.
 */
import { endIfStopped } from '../errors.js'
import {
  type CosineOptions,
  type CudaDevice,
  cosineSimilarity,
  type InstructionSet,
  instructionSet,
  measureReadBandwidth,
  releaseFeatures,
  uploadFeatures,
} from '../native.js'
import { secondsOf } from '../support/stopwatch.js'
import { median } from './statistics.js'

export interface CosineBenchOptions {
  /** Rows of the feature matrix; default 22,500, the positions at size 75. */
  readonly rows?: number
  /** Lengths of a feature; default 4096 (fc6, fc7) and 1000 (class scores). */
  readonly dims?: readonly number[]
  readonly anchorCount?: number
  /** Numbers of threads to measure with; default 1 and 2. */
  readonly threads?: readonly number[]
  /** Repetitions of each measurement, the median counts; default 15. */
  readonly repetitions?: number
  /** A card that is timed too. */
  readonly card?: CudaDevice
  readonly signal?: AbortSignal
}

export interface CosineBenchRow {
  readonly rows: number
  readonly dims: number
  readonly anchorCount: number
  readonly threads: number
  readonly seconds: number
  readonly positionsPerSecond: number
  /** Bytes of features read per second. */
  readonly bytesPerSecond: number
  /** Median bytes per second of a plain pass of loads with as many threads over the same memory, between the runs. */
  readonly bandwidth: number
  /** bytesPerSecond / bandwidth. */
  readonly fraction: number
}

export interface CosineBench {
  readonly instructionSet: InstructionSet
  readonly rows: readonly CosineBenchRow[]
  readonly card?: CosineBenchCard
}

/** A card, timed in turns with the processor. */
export interface CosineBenchCard {
  /** Such as `cuda:0`. */
  readonly device: string
  readonly adapter: string
  /** One for each length of a feature. */
  readonly rows: readonly CosineBenchCardRow[]
}

export interface CosineBenchCardRow {
  readonly rows: number
  readonly dims: number
  readonly anchorCount: number
  /** Of the features' way to the card, median; once there, they serve whatever is computed of them. */
  readonly uploadSeconds: number
  /** Of the cosines of features that are there, median. */
  readonly seconds: number
  readonly positionsPerSecond: number
  /** Bytes of features read per second. */
  readonly bytesPerSecond: number
  /** The processor's seconds, with the fastest of its numbers of threads, over the card's. */
  readonly ratio: number
  /** Largest difference of a cosine from the processor's. */
  readonly difference: number
}

/**
 * Compares every row of a matrix with its first rows, alternating with measurements of the read bandwidth on the same
 * memory. Other work on the machine slows single runs of either: medians are compared with medians.
 * @throws CudaFailure where the card fails
 */
export async function benchCosine(options: CosineBenchOptions = {}): Promise<CosineBench> {
  const { rows = 22_500, dims = [4096, 1000], anchorCount = 5, card } = options
  const results: CosineBenchRow[] = []
  const cardResults: CosineBenchCardRow[] = []
  for (const width of dims) {
    const features = new Float32Array(rows * width)
    for (let i = 0; i < features.length; i++) features[i] = ((i * 7919) % 1013) / 1013 - 0.4
    const anchors = features.slice(0, anchorCount * width)
    const measured = await measure({ features, rows, dims: width, anchors, anchorCount }, options)
    results.push(...measured.rows)
    if (measured.card !== undefined) cardResults.push(measured.card)
  }
  return {
    instructionSet: instructionSet(),
    rows: results,
    ...(card && { card: { device: `cuda:${card.index}`, adapter: card.name, rows: cardResults } }),
  }
}

type Work = CosineOptions & { readonly features: Float32Array }

/** Every number of threads, and the card, in turns. */
async function measure(work: Work, { threads = [1, 2], repetitions = 15, card, signal }: CosineBenchOptions) {
  const measured = threads.map((count) => ({ count, times: [] as number[], limits: [] as number[] }))
  const trials: CardTrial[] = []
  let expected: Float32Array = new Float32Array()
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const { count, times, limits } of measured) {
      endIfStopped(signal)
      limits.push(await measureReadBandwidth(work.features, count))
      const compare = async () => {
        expected = await cosineSimilarity({ ...work, threads: count })
      }
      times.push(await secondsOf(compare))
    }
    endIfStopped(signal)
    if (card !== undefined) trials.push(await tryCard(work, card))
  }
  const rows = measured.map(({ count, times, limits }) => processorRow(work, count, median(times), median(limits)))
  const fastest = Math.min(...rows.map(({ seconds }) => seconds))
  return { rows, card: card && cardRow(work, trials, fastest, expected) }
}

function processorRow(work: Work, threads: number, seconds: number, bandwidth: number): CosineBenchRow {
  const speed = speedOf(work, seconds)
  return { ...speed, threads, bandwidth, fraction: speed.bytesPerSecond / bandwidth }
}

function speedOf({ features, rows, dims, anchorCount }: Work, seconds: number) {
  return {
    ...{ rows, dims, anchorCount, seconds },
    positionsPerSecond: rows / seconds,
    bytesPerSecond: features.byteLength / seconds,
  }
}

interface CardTrial {
  readonly upload: number
  readonly compare: number
  readonly cosines: Float32Array
}

async function tryCard(work: Work, card: CudaDevice): Promise<CardTrial> {
  const start = performance.now()
  const features = await uploadFeatures(work.features, work.rows, work.dims, card.index)
  const middle = performance.now()
  try {
    const cosines = await cosineSimilarity({ ...work, features })
    return { upload: (middle - start) / 1000, compare: (performance.now() - middle) / 1000, cosines }
  } finally {
    releaseFeatures(features)
  }
}

function cardRow(
  work: Work,
  trials: readonly CardTrial[],
  processorSeconds: number,
  expected: Float32Array,
): CosineBenchCardRow {
  const seconds = median(trials.map(({ compare }) => compare))
  const found = trials.at(-1)?.cosines ?? expected
  const difference = found.reduce((most, cosine, i) => Math.max(most, Math.abs(cosine - (expected[i] as number))), 0)
  return {
    ...speedOf(work, seconds),
    uploadSeconds: median(trials.map(({ upload }) => upload)),
    ratio: processorSeconds / seconds,
    difference,
  }
}
