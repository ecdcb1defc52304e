import { mkdir } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { openPool } from '../engine/pool.js'
import { positionGrid } from '../engine/positions.js'
import { sceneOf } from '../engine/scene.js'
import { chooseSettings, type WishedSettings } from '../engine/settings.js'
import type { Scene, Settings } from '../engine/task.js'
import { asOutputError, writeFileAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { packageVersion } from '../files/package.js'
import { readImage } from '../patches/image.js'
import { patchAtSize } from '../patches/patch.js'
import { type Progress, silent } from '../progress.js'
import { fileName } from '../results/unit.js'
import { chooseDevice, chooseNetwork, type NetworkChoice } from './options.js'

export interface ExtractOptions extends NetworkChoice, WishedSettings {
  /** Picture of the object: RGBA, or opaque. */
  readonly patch: string
  /** Side of the square patch in pixels, 1 to the frame's 224. */
  readonly size: number
  /** Distance of neighbouring positions in pixels, 1 by default. */
  readonly stride?: number
  /** `white` (default) or `#rrggbb`. */
  readonly background?: string
  /** hard (default): alpha ≥ 128 is the patch; soft: mixed by alpha. */
  readonly blend?: Scene['blend']
  readonly device?: string
  /** Folder for `<layer>.npy` and extract.json; nothing is written without it. */
  readonly out?: string
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** Features of one patch at every position. */
export interface Extraction {
  readonly model: string
  /** Side of the square frame in pixels. */
  readonly frame: number
  readonly size: number
  readonly stride: number
  /** Positions along each axis. */
  readonly rows: number
  readonly cols: number
  readonly layers: readonly {
    readonly name: string
    readonly dims: number
    /** [rows, cols, dims], float32, C order, features before ReLU and softmax. */
    readonly features: Float32Array
    /** Path of the .npy file, if one was written. */
    readonly file?: string
  }[]
  readonly settings: Settings
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/**
 * Moves one patch over the frame and computes the features of every layer at every position (paper section 2.1).
 * With `out`, writes DIR/<layer>.npy, float32 [rows, cols, dims] in C order, and DIR/extract.json.
 * @throws UsageError, InputError, DeviceError, OutputError or InterruptedError; see src/errors.ts
 */
export async function extract(options: ExtractOptions): Promise<Extraction> {
  const { size, stride = 1, progress = silent, signal, out } = options
  const device = chooseDevice(options.device)
  const network = await chooseNetwork(options)
  const patch = patchAtSize(parse(options.patch).name, await readImage(options.patch), size, network.input.rows)
  const scene = sceneOf(patch, options.background, options.blend)
  const grid = positionGrid(network.input.rows, size, stride)
  const positions = grid.rows * grid.cols
  if (out !== undefined)
    await mkdir(out, { recursive: true }).catch((error) => Promise.reject(asOutputError(out, error)))
  const settings = await chooseSettings(network, scene, positions, options)
  const pool = openPool(network, settings)
  const start = performance.now()
  progress.start(network.id, positions)
  try {
    const layers = await pool.extract(scene, grid.offsets.subarray(0, positions * 2), {
      onImages: progress.update,
      ...(signal && { signal }),
    })
    progress.stop()
    const seconds = (performance.now() - start) / 1000
    const extraction = {
      model: network.id,
      frame: network.input.rows,
      size,
      stride,
      rows: grid.rows,
      cols: grid.cols,
      layers: layers.map(({ name, dims, matrix }) => ({ name, dims, features: matrix })),
      settings: { workers: settings.workers, threads: settings.threads, batch: settings.batch },
      images: positions,
      seconds,
      imagesPerSecond: positions / seconds,
    }
    if (out === undefined) return extraction
    return await writeExtraction(out, extraction, {
      patch: options.patch,
      patchSha256: patch.sha256,
      weights: network.weightsPath,
      weightsSha256: network.weightsSha256,
      device: device.name,
      provider: device.provider,
    })
  } finally {
    progress.stop()
    await pool.close()
  }
}

async function writeExtraction(out: string, extraction: Extraction, origin: object): Promise<Extraction> {
  const layers = []
  for (const layer of extraction.layers) {
    const file = join(out, `${fileName(layer.name)}.npy`)
    await writeNpy(file, [extraction.rows, extraction.cols, layer.dims], layer.features)
    layers.push({ ...layer, file })
  }
  const description = {
    shiftscope: packageVersion(),
    ...extraction,
    layers: layers.map(({ name, dims, file }) => ({ name, dims, file: parse(file).base })),
    ...origin,
  }
  await writeFileAtomic(join(out, 'extract.json'), `${JSON.stringify(description, null, 2)}\n`)
  return { ...extraction, layers }
}
