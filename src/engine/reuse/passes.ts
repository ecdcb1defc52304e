import { throwIfStopped } from '../../errors.js'
import type { Network } from '../../networks/index.js'
import { type ExtractionOptions, featuresOf, jobScene } from '../crew.js'
import { largestDistance } from '../distance.js'
import type { FeatureMemory, Features } from '../features.js'
import { offsetsAt } from '../positions.js'
import { schedule } from '../scheduler.js'
import type { Scene } from '../task.js'
import type { Workers } from '../workers.js'
import type { PlannedPass } from './plan.js'

/** So much slower than the plain way, which is measured shortly and on other images, it is given up. */
const SLOWER = 0.9

/** Seconds of passes before they are compared with the plain way. */
const TRIAL_SECONDS = 3

/** Weights of so many bytes are not held twice longer than needed. */
const HEAVY = 32 * 1024 * 1024

/** Where along each axis the sampled positions lie: the borders and two places between. */
const SAMPLED = [0, 0.37, 0.71, 1]

/** What passes are computed with. */
export interface PassWork {
  readonly workers: Workers
  readonly network: Network
  readonly memory: FeatureMemory
  /** Images that the rest takes at a time. */
  readonly batch: number
}

/** Every image by itself. */
export interface PlainWay {
  extract(scene: Scene, offsets: Int32Array): Promise<Features>
  /** Gives its memory back until it is needed again. */
  rest(): Promise<void>
}

/**
 * How far features of values computed once are from the plain way's at a sample of positions, the corners among them.
 * @throws BatchFailure
 */
export async function distanceOf(
  { workers, network, memory, batch }: PassWork,
  plain: PlainWay,
  scene: Scene,
  signal: AbortSignal | undefined,
): Promise<number> {
  const last = network.input.rows - scene.patch.size
  const places = [...new Set(SAMPLED.map((share) => Math.round(share * last)))]
  const offsets = Int32Array.from(places.flatMap((row) => places.flatMap((col) => [row, col])))
  const rows = Int32Array.from({ length: offsets.length / 2 }, (_, row) => row)
  const expected = await plain.extract(scene, offsets)
  // Both ways are not held at the same time.
  if (network.weightsBytes > HEAVY) await plain.rest()
  const job = jobScene(scene, { batch })
  const matrices = memory.take(network.layers, rows.length)
  const run = () => workers.run({ job, offsets, target: { matrices, rows } })
  await schedule({ positions: 1, run, signal }, { batch: 1, inFlight: 1, shrink: () => false })
  throwIfStopped(signal)
  const distances = expected.layers.map(({ matrix, dims }, i) =>
    largestDistance(matrices[i] as Float32Array, matrix, dims),
  )
  expected.release()
  memory.giveBack(matrices)
  return Math.max(...distances)
}

/**
 * Computes all passes of some positions.
 * @returns features, undefined where passes turned out to be slower than the plain way; and images a second, if all were done
 * @throws BatchFailure
 */
export async function runPasses(
  { workers, network, memory, batch }: PassWork,
  scene: Scene,
  offsets: Int32Array,
  passes: readonly PlannedPass[],
  plainRate: number | null,
  { onImages, onRows, signal }: ExtractionOptions,
): Promise<{ readonly features: Features | undefined; readonly rate?: number }> {
  const matrices = memory.take(network.layers, offsets.length / 2)
  const job = jobScene(scene, { batch })
  const isDone = new Uint8Array(offsets.length / 2)
  const tooSlow = new AbortController()
  const stop = signal === undefined ? tooSlow.signal : AbortSignal.any([signal, tooSlow.signal])
  let done = 0
  let begin: { readonly time: number; readonly done: number } | undefined
  let isTried = false
  const run = async (first: number) => {
    const { positions } = passes[first] as PlannedPass
    const rows = Int32Array.from(positions)
    const places = offsetsAt(offsets, positions)
    const result = await workers.run({ job, offsets: places, target: { matrices, rows } })
    if (result.kind !== 'written') return result
    for (const row of rows) {
      done += 1 - (isDone[row] as number)
      isDone[row] = 1
    }
    onRows?.(rows, matrices)
    onImages?.(done)
    // What opens the sessions is not the passes' fault.
    const now = performance.now() / 1000
    begin ??= { time: now, done }
    const seconds = now - begin.time
    if (!isTried && plainRate !== null && seconds > TRIAL_SECONDS) {
      isTried = true
      if ((done - begin.done) / seconds < SLOWER * plainRate) tooSlow.abort()
    }
    return result
  }
  const start = performance.now()
  try {
    await schedule(
      { positions: passes.length, run, signal: stop },
      { batch: 1, inFlight: workers.inFlight, shrink: () => false },
    )
  } catch (error) {
    memory.giveBack(matrices)
    throw error
  }
  if (tooSlow.signal.aborted && !signal?.aborted) {
    memory.giveBack(matrices)
    return { features: undefined }
  }
  const undone = isDone.indexOf(0)
  const finished = undone === -1 ? isDone.length : undone
  const rate = (isDone.length / (performance.now() - start)) * 1000
  return { features: featuresOf(network, memory, matrices, finished), ...(undone === -1 && { rate }) }
}
