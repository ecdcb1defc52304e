import type { Device } from '../engine/devices/device.js'
import { positionGrid } from '../engine/scene/positions.js'
import type { Scene, Settings } from '../engine/scene/task.js'
import { endIfStopped } from '../errors.js'
import type { Network } from '../network.js'
import { type CheckedOptions, type GivenOptions, parseOptions } from '../support/optionChecks.js'
import { median } from '../support/stopwatch.js'
import { MEASUREMENT_SECONDS, openBareLoop } from './bareLoop.js'
import {
  BENCH_OPTIONS,
  type BenchNetworkOptions,
  extractionRate,
  measureEach,
  openPipeline,
  REPEATS,
  SMALL,
} from './pipeline.js'

const OPTIONS = {
  /** How often the whole pipeline and a bare loop of ONNX Runtime are each measured; 5 by default. */
  repeats: REPEATS.default(5),
}

/** Options of `benchExtraction`. */
export interface BenchExtractionOptions extends GivenOptions<typeof OPTIONS>, BenchNetworkOptions {}

type Checked = CheckedOptions<typeof OPTIONS & typeof BENCH_OPTIONS>

/** Speed of Shiftscope's extraction, and of a bare loop: ONNX Runtime alone, with the same network. */
export interface ExtractBench {
  readonly model: string
  readonly device: Device['name']
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  /** Settings of both measurements. On the processor, these are the fastest ones for the bare loop. */
  readonly settings: Settings
  /** Speed of the bare loop in images per second: the median of all measurements. */
  readonly bare: number
  /** Speed of the whole pipeline in images per second: the median of all measurements. */
  readonly pipeline: number
  /** Speed of the pipeline divided by that of the bare loop: the median of `ratios`. */
  readonly ratio: number
  /** For each pair of measurements, the speed of the pipeline divided by that of the bare loop. */
  readonly ratios: readonly number[]
}

/**
 * Compares the speed of Shiftscope's extraction with that of a bare loop, which only runs ONNX Runtime on a tensor made
 * beforehand. The images show the first built-in object at 75 px. Networks are measured one after the other.
 * @throws UsageError for invalid options, an unknown network, or the device `auto`
 * @throws InputError for missing or damaged weights
 * @throws DeviceError for a device that cannot be used
 * @throws the signal's reason after an abort
 */
export async function benchExtraction(options: BenchExtractionOptions = {}): Promise<readonly ExtractBench[]> {
  const checked = parseOptions(options, { ...BENCH_OPTIONS, ...OPTIONS })
  return measureEach(checked, [SMALL], (network, scene, device) => benchExtract(network, scene, device, checked))
}

/**
 * Measures the bare loop and the pipeline alternately, so that other load on the machine slows both alike. On a GPU,
 * the pipeline may be faster: it composites images there, but the bare loop copies whole images to the GPU.
 */
async function benchExtract(
  network: Network,
  scene: Scene,
  device: Device,
  { repeats, signal, ...wished }: Checked,
): Promise<ExtractBench> {
  const { handle, settings, adapter } = await openPipeline(network, scene, device, wished)
  const bare = openBareLoop(network, settings, device)
  const { offsets } = positionGrid(network.input.rows, scene.patch.size, 1)
  try {
    const atATime = settings.batch * settings.workers
    const rate = await bare.measure(MEASUREMENT_SECONDS)
    const warm = await handle.extract(scene, offsets.subarray(0, atATime * 2))
    warm.release()
    const images = Math.min(
      offsets.length / 2,
      Math.max(1, Math.round((rate * MEASUREMENT_SECONDS) / atATime)) * atATime,
    )
    const pairs: { bare: number; pipeline: number }[] = []
    for (let repeat = 0; repeat < repeats; repeat++) {
      endIfStopped(signal)
      const loop = await bare.measure(MEASUREMENT_SECONDS)
      pairs.push({ bare: loop, pipeline: await extractionRate(handle, scene, offsets.subarray(0, images * 2)) })
    }
    const ratios = pairs.map((pair) => pair.pipeline / pair.bare)
    return {
      model: network.id,
      device: device.name,
      adapter,
      settings,
      bare: median(pairs.map((pair) => pair.bare)),
      pipeline: median(pairs.map((pair) => pair.pipeline)),
      ratio: median(ratios),
      ratios,
    }
  } finally {
    await bare.close()
    await handle.close()
  }
}
