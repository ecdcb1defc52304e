/**
 * Cosine similarity of all positions with the anchors against the memory-read bandwidth of the same number of threads.
 *
 * Floor: every feature is read once, 22,500·4096·4 = 369 MB for fc6 at size 75, and takes 1 + anchors multiply-adds in
 * float64. With five anchors and two 512-bit units a core does that at 10.7 bytes a cycle, 32 GB/s at 3 GHz, above the
 * memory bandwidth of most cores; with 256-bit units at half of it, where arithmetic and memory meet.
 */
import { endIfStopped } from '../errors.js'
import { cosineSimilarity, type InstructionSet, instructionSet, measureReadBandwidth } from '../native.js'
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
}

/**
 * Compares every row of a matrix with its first rows, alternating with measurements of the read bandwidth on the same
 * memory. Other work on the machine slows single runs of either: medians are compared with medians.
 */
export async function benchCosine(options: CosineBenchOptions = {}): Promise<CosineBench> {
  const { rows = 22_500, dims = [4096, 1000], anchorCount = 5, threads = [1, 2], repetitions = 15, signal } = options
  const results: CosineBenchRow[] = []
  for (const width of dims) {
    const features = new Float32Array(rows * width)
    for (let i = 0; i < features.length; i++) features[i] = ((i * 7919) % 1013) / 1013 - 0.4
    const anchors = features.slice(0, anchorCount * width)
    for (const count of threads) {
      const [times, limits]: [number[], number[]] = [[], []]
      for (let repetition = 0; repetition < repetitions; repetition++) {
        endIfStopped(signal)
        limits.push(await measureReadBandwidth(features, count))
        const start = performance.now()
        await cosineSimilarity({ features, rows, dims: width, anchors, anchorCount, threads: count })
        times.push((performance.now() - start) / 1000)
      }
      const seconds = median(times)
      const bytesPerSecond = features.byteLength / seconds
      const bandwidth = median(limits)
      results.push({
        rows,
        dims: width,
        anchorCount,
        threads: count,
        seconds,
        positionsPerSecond: rows / seconds,
        bytesPerSecond,
        bandwidth,
        fraction: bytesPerSecond / bandwidth,
      })
    }
  }
  return { instructionSet: instructionSet(), rows: results }
}
