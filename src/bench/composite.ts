/**
 * Compositing against the memory-write bandwidth of one core.
 *
 * Floor: every float of the batch is written once, 3·224·224·4 = 602,112 bytes an image; background and patch stay in
 * the caches and cost at most one multiplication and one addition a float. At 0.8 of a core's 10 to 30 GB/s that is
 * 13,000 to 40,000 images a second, a hundred times what AlexNet takes on the same core.
 */
import { endIfStopped } from '../errors.js'
import {
  type Compositor,
  type CompositorOptions,
  createCompositor,
  type InstructionSet,
  instructionSet,
  measureWriteBandwidth,
  type WriteBandwidth,
} from '../native.js'
import { type Background, noise } from '../patches/background.js'
import { median } from './statistics.js'

export interface CompositeBenchOptions {
  /** Sides of the square patch, in pixels; default 75 and 125. */
  readonly sizes?: readonly number[]
  /** Images per batch; default 448 images, 257 MiB, which no cache holds. */
  readonly batch?: number
  /** Repetitions of each measurement, the median counts; default 15. */
  readonly repetitions?: number
  readonly signal?: AbortSignal
}

/** What a scene can be composited from; white with a hard edge is the paper's. */
const BACKGROUND_KINDS = ['white', 'colour', 'noise', 'image', 'white, soft alpha', 'image, soft alpha'] as const
export type BackgroundKind = (typeof BACKGROUND_KINDS)[number]

export interface CompositeBenchRow {
  readonly background: BackgroundKind
  /** Side of the patch, in pixels. */
  readonly size: number
  readonly imagesPerSecond: number
  /** Bytes written per second. */
  readonly bytesPerSecond: number
  /** Median bytes per second of the best way of writing, measured on the same memory between the runs. */
  readonly bandwidth: number
  /** bytesPerSecond / bandwidth. */
  readonly fraction: number
}

export interface CompositeBench {
  readonly instructionSet: InstructionSet
  readonly batch: number
  readonly batchBytes: number
  /** Median bytes per second of each way of writing, over all repetitions. */
  readonly writeBandwidth: WriteBandwidth
  readonly rows: readonly CompositeBenchRow[]
}

const side = 224
const imageFloats = 3 * side * side

function compositor(background: CompositeBenchRow['background'], size: number): Compositor {
  // A disc with a soft rim: opaque, half transparent and transparent pixels.
  const patch = new Uint8Array(4 * size * size)
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const radius = Math.hypot(row - (size - 1) / 2, col - (size - 1) / 2) / (size / 2)
      const alpha = Math.max(0, Math.min(255, Math.round(2550 * (0.95 - radius))))
      patch.set([row % 256, col % 256, (row + col) % 256, alpha], 4 * (row * size + col))
    }
  }
  const options: CompositorOptions = {
    patch,
    patchRows: size,
    patchCols: size,
    frameRows: side,
    frameCols: side,
    background: backgroundOf(background),
    normalisation: { divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'rgb' },
    blend: background.endsWith('soft alpha') ? 'soft' : 'hard',
  }
  return createCompositor(options)
}

function backgroundOf(kind: BackgroundKind): Background {
  if (kind.startsWith('white')) return { rgb: [255, 255, 255] }
  if (kind === 'colour') return { rgb: [18, 52, 86] }
  if (kind === 'noise') return { image: noise(1, side, side) }
  return { image: Uint8Array.from({ length: imageFloats }, (_, i) => (i * 37) % 256) }
}

/** Offsets spread over the whole grid of positions, [count, 2]. */
function spreadOffsets(count: number, size: number): Int32Array {
  const positions = side - size + 1
  return Int32Array.from({ length: 2 * count }, (_, i) => {
    const image = i >> 1
    return i % 2 === 0 ? (image * 31) % positions : (image * 17) % positions
  })
}

/**
 * Composites whole batches on one thread, alternating with measurements of the write bandwidth on the same memory. Other
 * work on the machine slows single runs of either: medians are compared with medians.
 */
export async function benchComposite(options: CompositeBenchOptions = {}): Promise<CompositeBench> {
  const { sizes = [75, 125], batch = 448, repetitions = 15, signal } = options
  const out = new Float32Array(batch * imageFloats).fill(1)
  const rows: CompositeBenchRow[] = []
  const writes: WriteBandwidth[] = []
  for (const background of BACKGROUND_KINDS) {
    for (const size of sizes) {
      const work = compositor(background, size)
      const offsets = spreadOffsets(batch, size)
      const rates: number[] = []
      const limits: WriteBandwidth[] = []
      for (let repetition = 0; repetition < repetitions; repetition++) {
        endIfStopped(signal)
        limits.push(await measureWriteBandwidth(out))
        const start = performance.now()
        await work.composite(offsets, out)
        rates.push(out.byteLength / ((performance.now() - start) / 1000))
      }
      const bytesPerSecond = median(rates)
      const { fill, memset, string, stream } = medians(limits)
      const bandwidth = Math.max(fill, memset, string, stream)
      const imagesPerSecond = bytesPerSecond / (4 * imageFloats)
      rows.push({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction: bytesPerSecond / bandwidth })
      writes.push(...limits)
    }
  }
  return { instructionSet: instructionSet(), batch, batchBytes: out.byteLength, writeBandwidth: medians(writes), rows }
}

/** The median of each way of writing. */
function medians(measured: readonly WriteBandwidth[]): WriteBandwidth {
  return {
    fill: median(measured.map(({ fill }) => fill)),
    memset: median(measured.map(({ memset }) => memset)),
    string: median(measured.map(({ string }) => string)),
    stream: median(measured.map(({ stream }) => stream)),
  }
}
