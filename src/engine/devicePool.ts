import { DeviceError } from '../errors.js'
import { compositingGraph } from '../networks/index.js'
import { closeProcesses, type DevicePlan, type Devices, namesOf, runJob } from './deviceJob.js'
import { MATRIX_SETS, openFeatureMemory } from './deviceMemory.js'
import { DeviceFailure } from './deviceProcess.js'
import { type Comparison, type ExtractionOptions, type ExtractionPool, type Features, openPool } from './pool.js'
import { type SceneArrays, sceneArrays } from './sceneTensors.js'
import type { Scene } from './task.js'

/** A pool of processes that hold one network on devices. */
export interface DevicePool extends ExtractionPool {
  /** Why the processor took over; undefined while the devices work. */
  readonly failure: string | undefined
  /** Takes batches of so many images from now on; never those of the processor. */
  useBatch(batch: number): void
}

/**
 * Opens a network on devices. Images are composited there: a scene and offsets go up, features or comparisons come back.
 * Where memory does not suffice, batches are halved; a device that is lost is opened again, and at last the processor does
 * the unit from its beginning, and all that follow; not so where float16 was asked for, which is another result.
 */
export async function openDevicePool(plan: DevicePlan): Promise<DevicePool> {
  const { network, precision, compares = false } = plan
  const devices: Devices = {
    plan,
    graph: await compositingGraph(network, precision, compares ? network.layers : []),
    processes: plan.devices.map(() => undefined),
    memory: plan.memory ?? openFeatureMemory(),
    batch: plan.settings.batch,
    failure: undefined,
  }
  let processor: ExtractionPool | undefined
  const close = async () => {
    await closeProcesses(devices)
    devices.memory.close()
  }
  /** Undefined once the devices have failed. */
  const onDevices = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (processor !== undefined) return undefined
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DeviceFailure)) throw error
      if (precision === 'fp16')
        throw new DeviceError(
          `${namesOf(plan)} failed: ${error.message}; run the same command again, or use --precision fp32, which the processor can take over`,
        )
      devices.failure = error.message
      plan.onNote(`${namesOf(plan)} failed (${error.message}); the processor does this unit again and all that follow`)
      await close()
      processor = openPool(network, plan.processor)
      return undefined
    }
  }
  return {
    network,
    get settings() {
      return processor?.settings ?? { ...plan.settings, batch: devices.batch }
    },
    get failure() {
      return devices.failure
    },
    get buffers() {
      return processor?.buffers ?? MATRIX_SETS
    },
    useBatch: (batch) => {
      devices.batch = batch
    },
    extract: async (scene, offsets, options = {}) =>
      (await onDevices(() => extractOnDevices(devices, scene, offsets, options))) ??
      (processor as ExtractionPool).extract(scene, offsets, options),
    ...(compares && {
      compare: (scene, offsets, anchors, options = {}) =>
        onDevices(() => compareOnDevices(devices, scene, offsets, anchors, options)),
    }),
    close: async () => {
      await close()
      await processor?.close()
    },
  }
}

/** @throws DeviceFailure when the devices failed too often */
async function extractOnDevices(
  devices: Devices,
  scene: Scene,
  offsets: Int32Array,
  options: ExtractionOptions,
): Promise<Features> {
  const { network } = devices.plan
  const positions = offsets.length / 2
  // With rows for a last batch that is filled up.
  const { values, places } = devices.memory.matrices(network.layers, positions + devices.batch)
  const arrays = sceneArrays(scene, network.input)
  const finished = await runJob(devices, {
    scene: places === undefined ? { scene: arrays } : { scene: arrays, places },
    offsets,
    compute: async (process, chosen, first) => {
      if (places !== undefined) return process.write(chosen, first)
      const images = chosen.length / 2
      for (const [i, features] of (await process.run(chosen)).entries())
        values[i]?.set(features, first * (features.length / images))
    },
    options,
  })
  const layers = network.layers.map(({ name, dims }, i) => ({
    name,
    dims,
    matrix: (values[i] as Float32Array).subarray(0, positions * dims),
  }))
  return { layers, finished }
}

/**
 * First the anchors' features come back, then go up again as what all positions are compared with.
 * @throws DeviceFailure when the devices failed too often
 */
async function compareOnDevices(
  devices: Devices,
  scene: Scene,
  offsets: Int32Array,
  anchors: readonly number[],
  options: ExtractionOptions,
): Promise<Comparison> {
  const { network } = devices.plan
  const positions = offsets.length / 2
  const arrays = sceneArrays(scene, network.input)
  const anchorFeatures = await featuresAt(devices, arrays, offsets, anchors)
  const layers = network.layers.map(({ name, dims }, i) => ({
    name,
    dims,
    cosines: new Float32Array(anchors.length * positions),
    strongest: new Int32Array(positions),
    anchorFeatures: anchorFeatures[i] as Float32Array,
  }))
  const finished = await runJob(devices, {
    scene: { scene: arrays, anchors: layers.map(({ dims, anchorFeatures }) => unitColumns(anchorFeatures, dims)) },
    offsets,
    compute: async (process, chosen, first) => {
      const count = Math.min(chosen.length / 2, positions - first)
      for (const [i, { cosines, strongest }] of (await process.compare(chosen)).entries()) {
        const layer = layers[i] as (typeof layers)[number]
        layer.strongest.set(strongest.subarray(0, count), first)
        for (let image = 0; image < count; image++) {
          for (let anchor = 0; anchor < anchors.length; anchor++)
            layer.cosines[anchor * positions + first + image] = cosines[image * anchors.length + anchor] as number
        }
      }
    },
    options,
  })
  return { layers, finished }
}

/** By layer, the features of some positions, [rows, dims]. */
async function featuresAt(
  devices: Devices,
  scene: SceneArrays,
  offsets: Int32Array,
  rows: readonly number[],
): Promise<readonly Float32Array[]> {
  const features = devices.plan.network.layers.map(({ dims }) => new Float32Array(rows.length * dims))
  await runJob(devices, {
    scene: { scene },
    offsets: Int32Array.from(rows.flatMap((row) => [...offsets.subarray(row * 2, row * 2 + 2)])),
    compute: async (process, chosen, first) => {
      for (const [i, layer] of (await process.run(chosen)).entries()) {
        const dims = layer.length / (chosen.length / 2)
        features[i]?.set(layer.subarray(0, (rows.length - first) * dims), first * dims)
      }
    },
    options: {},
  })
  return features
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
