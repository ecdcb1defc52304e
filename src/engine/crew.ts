import type { Network } from '../networks/index.js'
import type { Comparison, FeatureMemory, Features } from './features.js'
import { offsetsAt } from './positions.js'
import { sharedScene } from './scene.js'
import { type Job, schedule } from './scheduler.js'
import type { BatchComparison, Frames, JobScene, Scene } from './task.js'
import type { Workers } from './workers.js'

export interface ExtractionOptions {
  /** Positions of which these are a part, as offsets: features are the same bits however the work is divided. */
  readonly whole?: Int32Array
  /** Called with the number of images done since the extraction began. */
  readonly onImages?: (done: number) => void
  /** Called with rows of the matrices that have come to stand, and with the matrices, in the order of the layers. */
  readonly onRows?: (rows: Int32Array, matrices: readonly Float32Array[]) => void
  /** Ends the extraction after the batches in flight. */
  readonly signal?: AbortSignal | undefined
}

/** Workers of one kind, and the size of their batches, which may shrink. */
export interface Crew {
  readonly network: Network
  readonly workers: Workers
  readonly memory: FeatureMemory
  batch: number
  /** Whether all batches are of one size, also where there is less to do: devices compile anew for every other. */
  readonly hasOneSize: boolean
  /** What stands in the note when batches shrink. */
  readonly name: string
  readonly onNote: (line: string) => void
}

/** The positions of pictures. */
export function places(frames: readonly Uint8Array[]): Int32Array {
  return Int32Array.from(frames.flatMap((_, i) => [i, 0]))
}

let jobs = 0

/** A scene for the batches of a new job, and what they need beside it. */
export function jobScene(scene: Scene | Frames, more: Pick<JobScene, 'anchors' | 'batch'> = {}): JobScene {
  return { id: ++jobs, scene: sharedScene(scene), ...more }
}

/**
 * Features of a scene's patch at every offset, or of pictures.
 * @throws BatchFailure as `schedule`
 */
export async function extract(
  crew: Crew,
  scene: Scene | Frames,
  offsets: Int32Array,
  { onImages, onRows, signal }: ExtractionOptions = {},
): Promise<Features> {
  const { network, memory, workers } = crew
  const positions = offsets.length / 2
  const matrices = memory.take(network.layers, positions)
  const job = jobScene(scene)
  const finished = await run(crew, positions, {
    run: async (first, count, batch) => {
      const rows = Int32Array.from({ length: count }, (_, i) => first + i)
      const result = await workers.run({ job, offsets: batchOf(offsets, first, batch), target: { matrices, rows } })
      if (result.kind === 'written') onRows?.(rows, matrices)
      return result
    },
    onDone: onImages,
    signal,
  })
  return featuresOf(network, memory, matrices, finished)
}

/** What an extraction gives. */
export function featuresOf(
  { layers }: Network,
  memory: FeatureMemory,
  matrices: readonly Float32Array[],
  finished: number,
): Features {
  return {
    kind: 'features',
    layers: layers.map(({ name, dims }, i) => ({ name, dims, matrix: matrices[i] as Float32Array })),
    finished,
    release: () => memory.giveBack(matrices),
  }
}

/**
 * First the anchors' features come back, then go up again as what all positions are compared with.
 * @throws BatchFailure as `schedule`
 */
export async function compare(
  crew: Crew,
  scene: Scene,
  offsets: Int32Array,
  anchors: readonly number[],
  { onImages, signal }: ExtractionOptions = {},
): Promise<Comparison> {
  const { workers } = crew
  const positions = offsets.length / 2
  const places = offsetsAt(offsets, anchors)
  const atAnchors = await extract(crew, scene, places)
  const layers = atAnchors.layers.map(({ name, dims, matrix }) => ({
    name,
    dims,
    cosines: new Float32Array(anchors.length * positions),
    strongest: new Int32Array(positions),
    anchorFeatures: matrix.slice(),
    ...(name === crew.network.classes?.layer && { features: new Float32Array(positions * dims) }),
  }))
  atAnchors.release()
  const job = jobScene(scene, {
    anchors: layers.map(({ dims, anchorFeatures }) => unitColumns(anchorFeatures, dims)),
  })
  const putAway = (first: number, count: number, compared: readonly BatchComparison[]) => {
    for (const [i, { cosines, strongest, features }] of compared.entries()) {
      const layer = layers[i] as (typeof layers)[number]
      layer.strongest.set(strongest.subarray(0, count), first)
      if (features !== undefined) layer.features?.set(features.subarray(0, count * layer.dims), first * layer.dims)
      for (let image = 0; image < count; image++) {
        for (let anchor = 0; anchor < anchors.length; anchor++)
          layer.cosines[anchor * positions + first + image] = cosines[image * anchors.length + anchor] as number
      }
    }
  }
  const finished = await run(crew, positions, {
    run: async (first, count, batch) => {
      const result = await workers.run({ job, offsets: batchOf(offsets, first, batch) })
      if (result.kind === 'compared') putAway(first, count, result.layers)
      return result
    },
    onDone: onImages,
    signal,
  })
  return { kind: 'comparison', layers, finished }
}

function run(crew: Crew, positions: number, job: Omit<Job, 'positions'>): Promise<number> {
  const batch = () => (crew.hasOneSize ? crew.batch : Math.min(crew.batch, evenShare(positions, crew.workers.count)))
  return schedule(
    { positions, ...job },
    {
      get batch() {
        return crew.network.input.batch ?? batch()
      },
      inFlight: crew.workers.inFlight,
      shrink: (reason) => halveBatch(crew, batch(), reason),
    },
  )
}

/** Images of each worker's only batch, where there are few. Never one: a product with a single row is summed in another order. */
function evenShare(positions: number, workers: number): number {
  return Math.max(Math.min(2, positions), Math.ceil(positions / workers))
}

/** Whether the batch was too large and a smaller one is left to try. */
function halveBatch(crew: Crew, batch: number, reason: string): boolean {
  const { name, network, onNote } = crew
  if (!isTooLarge(reason) || batch === 1 || network.input.batch !== null) return false
  crew.batch = Math.floor(batch / 2)
  onNote(`${name} cannot take batches of ${batch}; going on with ${crew.batch}`)
  return true
}

const TOO_LARGE =
  /out[ _]?of[ _]?.*memory|bad_alloc|failed to allocate|alloc(ation)?[ _]failed|too many storage buffers|max buffer size/i

/** Whether it is what drivers and ONNX Runtime say when a batch is too large for a device, its memory or its bindings. */
export function isTooLarge(reason: string): boolean {
  return TOO_LARGE.test(reason)
}

/** A short last batch is filled up with its last position: every forward pass has the same shape. */
function batchOf(offsets: Int32Array, first: number, batch: number): Int32Array {
  const last = offsets.length / 2 - 1
  const chosen = new Int32Array(batch * 2)
  for (let i = 0; i < batch; i++) {
    const position = Math.min(first + i, last)
    chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
  }
  return chosen
}

/** The rows of a matrix as columns of length 1; NaN where a row has no direction. */
function unitColumns(matrix: Float32Array, dims: number): Float32Array {
  const count = matrix.length / dims
  const columns = new Float32Array(matrix.length)
  for (let column = 0; column < count; column++) {
    const row = matrix.subarray(column * dims, (column + 1) * dims)
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    for (let i = 0; i < dims; i++) columns[i * count + column] = (row[i] as number) / norm
  }
  return columns
}
