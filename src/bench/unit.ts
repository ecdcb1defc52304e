import { z } from 'zod'
import type { Device } from '../engine/devices/device.js'
import { PROVIDERS } from '../engine/devices/providers.js'
import { openThreads } from '../engine/open/handle.js'
import { chooseSettings } from '../engine/open/settings.js'
import { sharedFloor } from '../engine/reuse/expected.js'
import type { ReuseRecord } from '../engine/reuse/record.js'
import { positionGrid } from '../engine/scene/positions.js'
import type { Scene, Settings } from '../engine/scene/task.js'
import { endIfStopped } from '../errors.js'
import { type ClassifierRecord, studyClassifiers } from '../experiments/classifiers/classifiers.js'
import { separabilityByScheme } from '../experiments/classifiers/separability.js'
import { extractedGrid, type FeatureGrid, similarityMaps } from '../experiments/maps/cosines.js'
import type { Network } from '../network.js'
import { availableCores } from '../support/machine.js'
import { type CheckedOptions, type GivenOptions, parseOptions } from '../support/optionChecks.js'
import { median, secondsOf } from '../support/stopwatch.js'
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
  /** Side lengths of the square patch in pixels; `[75]` by default. Each network is measured at each size. */
  sizes: z.array(z.number()).readonly().default([SMALL]),
  /** How often the extraction is timed for each network and size; 1 by default. */
  repeats: REPEATS.default(1),
  /** Distance between neighbouring positions in pixels; 1 by default. */
  stride: z.number().default(1),
}

/** Options of `benchUnits`. */
export interface BenchUnitOptions extends GivenOptions<typeof OPTIONS>, BenchNetworkOptions {}

type Checked = CheckedOptions<typeof OPTIONS & typeof BENCH_OPTIONS>

/**
 * Times and speeds of one unit (one network, one object, one size): extraction at all positions, then similarity and
 * separability of the features.
 */
export interface UnitBench {
  readonly model: string
  /** Side of the square patch in pixels. */
  readonly size: number
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Number of images: one per position of the grid, and one per anchor (corner or center) that is not on the grid. */
  readonly images: number
  readonly device: Device['name']
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  readonly settings: Settings
  /** Speed of a bare loop, which only runs ONNX Runtime on a ready tensor: the median in images per second. */
  readonly bare: number
  /** Speed of the pipeline if it computes every image in full: the median in images per second. */
  readonly plain: number
  /**
   * Time of the unit's extraction (compositing and forward passes) with sessions already open: the median in seconds.
   */
  readonly extraction: number
  /** Speed of the unit's extraction divided by that of the bare loop: the median of `gains`. */
  readonly gain: number
  /** For each repeat, the speed of the unit's extraction divided by that of the bare loop. */
  readonly gains: readonly number[]
  /**
   * Number of multiply-adds without reuse, divided by the number with ideal reuse, which computes each distinct value
   * once.
   */
  readonly floor: number
  /** Values that the images shared, or why they shared none; undefined if reuse was not tried, as on a GPU. */
  readonly reuse: ReuseRecord | undefined
  /** Seconds for the similarity maps of all layers. */
  readonly similarity: number
  /**
   * Seconds to train the classifiers of all layers, ten per layer (two tasks, five `ordered` folds). This includes
   * the time to copy features to a GPU.
   */
  readonly separability: number
  /** Device that computed similarity and separability. It is chosen in the same way as in a study. */
  readonly classifiers: ClassifierRecord
}

/**
 * Measures how long each stage of a unit takes: extraction, similarity and separability. A unit is one network with one
 * object at one size. The object is the first built-in one.
 * @throws UsageError for invalid options, an unknown network, or the device `auto`
 * @throws InputError for missing or damaged weights
 * @throws DeviceError for a device that cannot be used
 * @throws the signal's reason after an abort
 */
export async function benchUnits(options: BenchUnitOptions = {}): Promise<readonly UnitBench[]> {
  const checked = parseOptions(options, { ...BENCH_OPTIONS, ...OPTIONS })
  return measureEach(checked, checked.sizes, (network, scene, device) => benchUnit(network, scene, device, checked))
}

async function benchUnit(
  network: Network,
  scene: Scene,
  device: Device,
  { stride, repeats, signal, ...wished }: Checked,
): Promise<UnitBench> {
  const grid = positionGrid(network.input.rows, scene.patch.size, stride)
  const { offsets } = grid
  const images = offsets.length / 2
  const { handle: plain, settings, adapter } = await openPipeline(network, scene, device, wished)
  // On the processor, a value that several images share is computed only once, as in a study.
  const reusing = () => ({ reusing: chooseSettings(network, images, wished) })
  const handle = PROVIDERS[device.name].isProcessor ? openThreads(network, settings, reusing()) : plain
  const handles = new Set([plain, handle])
  const bare = openBareLoop(network, settings, device)
  try {
    const atATime = settings.batch * settings.workers
    const bareRates: number[] = []
    const plainRates: number[] = []
    const seconds: number[] = []
    await bare.measure(1)
    for (const opened of handles) (await opened.extract(scene, offsets.subarray(0, 4 * atATime), { signal })).release()
    let features: Awaited<ReturnType<typeof handle.extract>> | undefined
    for (let repeat = 0; repeat < repeats; repeat++) {
      endIfStopped(signal)
      const rate = await bare.measure(MEASUREMENT_SECONDS)
      bareRates.push(rate)
      const few = Math.min(images, Math.ceil((rate * MEASUREMENT_SECONDS) / atATime) * atATime)
      plainRates.push(await extractionRate(plain, scene, offsets.subarray(0, 2 * few)))
      features?.release()
      seconds.push(
        await secondsOf(async () => {
          features = await handle.extract(scene, offsets, { signal })
        }),
      )
      if ((features?.finished ?? 0) < images) endIfStopped(signal)
    }
    const gains = seconds.map((taken, i) => images / taken / bareRates[i]!)
    const grids = (features?.layers ?? []).map((layer) => extractedGrid(grid, layer, layer.name))
    return {
      model: network.id,
      size: scene.patch.size,
      stride,
      images,
      device: device.name,
      adapter,
      settings,
      bare: median(bareRates),
      plain: median(plainRates),
      extraction: median(seconds),
      gain: median(gains),
      gains,
      floor: await sharedFloor(network, scene, offsets),
      reuse: handle.ran().reuse?.at(-1),
      ...(await timeExperiments(grids, device)),
    }
  } finally {
    await bare.close()
    for (const opened of handles) await opened.close()
  }
}

/** Times similarity and separability. Both run layer by layer, so that a layer is copied to a GPU only once. */
async function timeExperiments(
  grids: readonly FeatureGrid[],
  device: Device,
): Promise<Pick<UnitBench, 'similarity' | 'separability' | 'classifiers'>> {
  const threads = availableCores()
  const classifiers = studyClassifiers(device.index, () => undefined)(device.name)
  let similarity = 0
  const both = await secondsOf(async () => {
    for (const grid of grids) {
      await classifiers.train(grid, async (place) => {
        similarity += await secondsOf(() => similarityMaps(grid, threads, place))
        return separabilityByScheme(grid, ['ordered'], { threads, ...place })
      })
    }
  })
  return { similarity, separability: both - similarity, classifiers: classifiers.ran() }
}
