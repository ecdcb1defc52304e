import { join, parse } from 'node:path'
import { type Compositing, type ExecutionRecord, openExecution } from '../engine/choice.js'
import { parseDevice } from '../engine/device.js'
import type { NetworkHandle } from '../engine/handle.js'
import { checkMemory } from '../engine/machineMemory.js'
import { type PositionGrid, positionGrid } from '../engine/positions.js'
import { checkBlend, sceneOf } from '../engine/scene.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene, Settings } from '../engine/task.js'
import { InterruptedError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import { openPartialArrays, type PartialArrays } from '../files/partialArrays.js'
import { sha256 } from '../files/sha256.js'
import { chooseNetwork, type Network, type NetworkChoice, type Precision } from '../networks/index.js'
import { readBackground, WHITE } from '../patches/background.js'
import { type Patch, patchesOfSource } from '../patches/patch.js'
import { type Progress, silent } from '../progress.js'
import { fileName } from '../results/fileName.js'

/** After so many batches a worker, features leave the memory that threads share, which holds no more than these, and go to disk. */
const BATCHES_PER_ROUND = 64

export interface ExtractOptions extends NetworkChoice, WishedSettings {
  /** Picture of the object: RGBA, or opaque. */
  readonly patch: string
  /** Side of the square patch in pixels, 1 to the frame's 224. */
  readonly size: number
  /** Distance of neighbouring positions in pixels, 1 by default. */
  readonly stride?: number
  /** `white` (default), `#rrggbb`, `noise:SEED` or a picture's file. */
  readonly background?: string
  /** hard (default): alpha ≥ 128 is the patch; soft: mixed by alpha. */
  readonly blend?: Scene['blend']
  /** `auto` (default), `cpu`, or a GPU: `webgpu`, `cuda`, `tensorrt`, `directml`, `coreml`, with `:INDEX` where there are several. */
  readonly device?: string
  /** Of the features' arithmetic: fp32 (default), or fp16 on a GPU. */
  readonly precision?: Precision
  /** On the processor: by the addon (`native`, default) or in the network's `graph`, as on every other device. */
  readonly compositing?: Compositing
  /** Folder for `<layer>.npy` and extract.json; nothing is written without it. */
  readonly out?: string
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** Features of one patch at every position, and what computed them. */
export interface Extraction extends ExecutionRecord {
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
  /** Images that this call ran through the network; fewer than rows × cols if it went on from an earlier one. */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/**
 * Moves one patch over the frame and computes the features of every layer at every position (paper section 2.1).
 * With `out`, writes DIR/<layer>.npy, float32 [rows, cols, dims] in C order, and DIR/extract.json; what an interrupted
 * call with the same inputs finished is not computed again.
 * @throws UsageError, InputError, DeviceError, OutputError or InterruptedError; see src/errors.ts
 */
export async function extract(options: ExtractOptions): Promise<Extraction> {
  const { size, stride = 1, blend = 'hard', progress = silent, signal, out } = options
  checkBlend(blend)
  const request = parseDevice(options.device ?? 'auto')
  const network = await chooseNetwork(options)
  const source = { name: parse(options.patch).name, path: options.patch }
  const [patch] = (await patchesOfSource(source, [size], network.input.rows, blend)) as [Patch]
  const { identity, background } = await readBackground(options.background ?? WHITE, network.input.rows)
  const scene = sceneOf(patch, background, blend)
  const grid = positionGrid(network.input.rows, size, stride)
  checkMemory(network, grid)
  const origin = {
    patch: options.patch,
    patchSha256: patch.sha256,
    background: identity,
    blend,
    ...(options.precision === 'fp16' && { precision: options.precision }),
    weights: network.weightsPath,
    weightsSha256: network.weightsSha256,
  }
  const execution = await openExecution({
    network,
    scene,
    images: grid.rows * grid.cols,
    request,
    wished: options,
    ...(options.precision && { precision: options.precision }),
    ...(options.compositing && { compositing: options.compositing }),
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
  const { handle } = execution
  let partial: PartialArrays | undefined
  try {
    partial = out === undefined ? undefined : await openPartial(out, network, grid, origin)
    const start = performance.now()
    const features = await extractGrid(handle, scene, grid, partial, progress, signal)
    const seconds = (performance.now() - start) / 1000
    const images = grid.rows * grid.cols - (partial?.done ?? 0)
    const extraction = {
      model: network.id,
      frame: network.input.rows,
      size,
      stride,
      rows: grid.rows,
      cols: grid.cols,
      layers: network.layers.map((layer, i) => ({
        ...layer,
        features: features[i] as Float32Array,
        ...(out !== undefined && { file: join(out, arrayFile(layer.name)) }),
      })),
      settings: handle.settings,
      images,
      seconds,
      imagesPerSecond: images / seconds,
      ...execution.ran(),
    }
    if (out !== undefined) await writeDescription(out, extraction, origin)
    return extraction
  } finally {
    progress.stop()
    await handle.close()
    await partial?.close()
  }
}

/** Every layer's features on the grid, [rows, cols, dims], saved part by part if there is a place for them. */
async function extractGrid(
  handle: NetworkHandle,
  scene: Scene,
  grid: PositionGrid,
  partial: PartialArrays | undefined,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<readonly Float32Array[]> {
  const { network, settings } = handle
  const positions = grid.rows * grid.cols
  const features = network.layers.map(({ dims }) => new Float32Array(positions * dims))
  let done = partial?.done ?? 0
  if (partial !== undefined && done > 0) {
    progress.note(`${done} of ${positions} images stand already`)
    for (const [i, matrix] of features.entries()) matrix.set(await partial.readDone(i))
  }
  progress.start(network.id, positions - done)
  const before = done
  const atATime = settings.batch * settings.workers * BATCHES_PER_ROUND
  while (done < positions) {
    const offsets = grid.offsets.subarray(done * 2, Math.min(positions, done + atATime) * 2)
    const { layers, finished, release } = await handle.extract(scene, offsets, {
      onImages: (images) => progress.update(done - before + images),
      signal,
    })
    const rows = layers.map(({ matrix, dims }) => matrix.subarray(0, finished * dims))
    for (const [i, { dims }] of layers.entries()) features[i]?.set(rows[i] as Float32Array, done * dims)
    if (finished > 0) await partial?.append(rows)
    release()
    done += finished
    if (finished < offsets.length / 2) throw new InterruptedError()
  }
  await partial?.finish()
  return features
}

function openPartial(out: string, network: Network, grid: PositionGrid, origin: object): Promise<PartialArrays> {
  const { rows, cols, stride } = grid
  const plans = network.layers.map(({ name, dims }) => ({
    file: arrayFile(name),
    shape: [rows, cols, dims],
    rows: rows * cols,
    dims,
  }))
  return openPartialArrays(
    out,
    sha256(JSON.stringify({ ...origin, model: network.id, rows, cols, stride, plans })),
    plans,
  )
}

function arrayFile(layer: string): string {
  return `${fileName(layer)}.npy`
}

async function writeDescription(out: string, extraction: Extraction, origin: object): Promise<void> {
  const layers = extraction.layers.map(({ name, dims }) => ({ name, dims, file: arrayFile(name) }))
  const description = { shiftscope: packageVersion(), ...extraction, layers, ...origin }
  await writeFileAtomic(join(out, 'extract.json'), `${JSON.stringify(description, null, 2)}\n`)
}
