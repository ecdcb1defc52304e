import { checkOptions, kinds, type OptionList } from '../checkedOptions.js'
import { checkNames } from '../checks.js'
import { checkCompositing, checkPrecision, type Execution, openExecution, requiredTrials } from '../engine/choice.js'
import { parseDevice } from '../engine/device.js'
import type { Compositing } from '../engine/deviceNames.js'
import { POSITION_ORDERS } from '../engine/positions.js'
import { checkReuse, type ReuseChoice } from '../engine/reuse/record.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene } from '../engine/task.js'
import { throwIfStopped, UsageError } from '../errors.js'
import {
  chooseNetwork,
  INPUT_OPTIONS,
  type InputOptions,
  inputOptionsOf,
  type Network,
  networkNotes,
  type Pool,
  type Precision,
} from '../networks/index.js'
import { type ProgressListener, progressTo } from '../progress.js'
import {
  compare,
  EXTRACT_OPTIONS,
  type Extraction,
  extractPlaced,
  type FeatureRows,
  type NetworkComparison,
  type NetworkExtractOptions,
  PLACEMENT_OPTIONS,
  type PlacementOptions,
  placePatch,
  ROW_OPTIONS,
  type RowOptions,
  rows,
} from './extraction.js'

/** Which network, and how it is run. */
export interface NetworkOptions extends WishedSettings, InputOptions {
  /** A checkpoint in place of the published or embedded weights. */
  readonly weights?: string
  /**
   * Which features to read, any tensors of the graph; by default all of the catalog's layers, of an ONNX file the last output and
   * what enters the last fully connected layer.
   */
  readonly layers?: readonly string[]
  /** How maps become one value a channel: `none` (default: they are flattened), `mean`, `max` or `center`. */
  readonly pool?: Pool
  /** `auto` (default), `cpu`, or a GPU: `webgpu`, `cuda`, `tensorrt`, `directml`, `coreml`, with `:INDEX` where there are several. */
  readonly device?: string
  /** Of the features' arithmetic: fp32 (default), or fp16 on a GPU. */
  readonly precision?: Precision
  /** On the processor: by the addon (`native`, default) or in the network's `graph`, as on every other device. */
  readonly compositing?: Compositing
  /** Compute what images have in common once where that is faster (`auto`, default), or never (`off`). */
  readonly reuse?: ReuseChoice
  readonly onProgress?: ProgressListener
  /** Ends the opening; each call that follows has a signal of its own. */
  readonly signal?: AbortSignal
}

/**
 * A network that is open for any number of calls, also at the same time: its sessions, and the settings that were measured
 * with the first of them, are kept until it is closed.
 */
export interface OpenNetwork extends AsyncDisposable {
  /** Plain data: id, layers, input, hash of the weights. */
  readonly network: Network
  /**
   * Moves one patch over the frame and computes the features of every layer at every position (paper section 2.1). With
   * `out`, writes DIR/<layer>.npy, float32 [rows, cols, dims] in C order, and DIR/extract.json; what an interrupted call
   * with the same inputs finished is not computed again.
   */
  extract(options: NetworkExtractOptions): Promise<Extraction>
  /** The same, features handed out as they are computed, many rows at a time; nothing is kept. */
  rows(options: RowOptions): AsyncGenerator<FeatureRows, void, undefined>
  /** Cosine similarity of every position with the five anchors, which lie on the grid of stride 1 whatever the stride. */
  compare(options: PlacementOptions): Promise<NetworkComparison>
  close(): Promise<void>
}

/** The options of `openNetwork`, to be checked. */
export const NETWORK_OPTIONS: OptionList = {
  optional: {
    ...{ weights: kinds.text, layers: kinds.texts, device: kinds.text, precision: kinds.text, compositing: kinds.text },
    ...{ reuse: kinds.text, pool: kinds.text, ...INPUT_OPTIONS },
    ...{ workers: kinds.number, threads: kinds.number, batch: kinds.number },
    ...{ onProgress: kinds.callback, signal: kinds.signal },
  },
}

/**
 * Opens a network.
 * @param model id of the catalog, a path that ends in .onnx, or a checkpoint of a network of the catalog
 * @throws UsageError, InputError, DeviceError; an abort rejects with the signal's reason
 */
export async function openNetwork(model: string, options: NetworkOptions = {}): Promise<OpenNetwork> {
  checkOptions(options, NETWORK_OPTIONS)
  const { weights, layers, pool, signal } = options
  const request = parseDevice(options.device ?? 'auto')
  checkPrecision(request, options.precision)
  checkCompositing(request, options.compositing)
  checkReuse(options.reuse)
  const network = await chooseNetwork({
    ...{ model, layers, pool, signal, ...inputOptionsOf(options) },
    ...{ weights, weightsOption: 'weights FILE' },
  })
  for (const line of networkNotes(network)) progressTo(options.onProgress).note(line)
  await requiredTrials(request, network, options.precision, signal)
  let opening: Promise<Execution> | undefined
  let closed = false
  /** With the first work, whose length decides what is worth trying. */
  const open = (scene: Scene, images: number, callSignal: AbortSignal | undefined): Promise<Execution> =>
    openExecution({
      network,
      scene,
      images,
      request,
      wished: options,
      compares: true,
      onNote: (line) => progressTo(options.onProgress).note(line),
      ...(options.precision && { precision: options.precision }),
      ...(options.compositing && { compositing: options.compositing }),
      ...(options.reuse && { reuse: options.reuse }),
      ...(callSignal && { signal: callSignal }),
    }).catch((error) => {
      opening = undefined
      throw error
    })
  const executionFor = async (scene: Scene, images: number, callSignal?: AbortSignal): Promise<Execution> => {
    throwIfStopped(callSignal)
    if (closed) throw new UsageError(`${network.id} is closed; open it again`)
    const others = opening
    if (others === undefined) {
      opening = open(scene, images, callSignal)
      return opening
    }
    // Whoever began the opening may have stopped it.
    return others.catch(() => executionFor(scene, images, callSignal))
  }
  const close = async () => {
    closed = true
    await (await opening?.catch(() => undefined))?.handle.close()
  }
  return {
    network,
    extract: async (given) => {
      checkOptions(given, EXTRACT_OPTIONS)
      const placed = await placePatch(network, given)
      const { scene, grid } = placed
      return extractPlaced(
        await executionFor(scene, grid.rows * grid.cols, given.signal),
        placed,
        given,
        options.precision,
      )
    },
    rows: async function* (given) {
      checkOptions(given, ROW_OPTIONS)
      checkNames('order', [given.order ?? 'row-major'], POSITION_ORDERS)
      const { scene, grid } = await placePatch(network, given)
      yield* rows(await executionFor(scene, grid.rows * grid.cols, given.signal), scene, grid, given)
    },
    compare: async (given) => {
      checkOptions(given, PLACEMENT_OPTIONS)
      const { scene, grid } = await placePatch(network, given)
      return compare(await executionFor(scene, grid.offsets.length / 2, given.signal), scene, grid, given)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

export interface ExtractOptions extends NetworkOptions, NetworkExtractOptions {
  /** Id of the catalog (`shiftscope models list`) or a path that ends in .onnx. */
  readonly model: string
}

/**
 * Opens a network for one patch: `openNetwork` and its `extract`.
 * @throws UsageError, InputError, DeviceError, OutputError, WorkerError, ResourceError; an abort rejects with the signal's reason
 */
export async function extract(options: ExtractOptions): Promise<Extraction> {
  checkOptions(options, {
    required: { model: kinds.text, ...EXTRACT_OPTIONS.required },
    optional: { ...NETWORK_OPTIONS.optional, ...EXTRACT_OPTIONS.optional },
  })
  const { model, ...rest } = options
  const network = await openNetwork(model, partOf(rest, { ...NETWORK_OPTIONS.optional }))
  try {
    return await network.extract(partOf(rest, { ...EXTRACT_OPTIONS.required, ...EXTRACT_OPTIONS.optional }))
  } finally {
    await network.close()
  }
}

/** The options that one of two functions takes; some are both's. */
function partOf<T extends object>(options: T, taken: Readonly<Record<string, unknown>>): T {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in taken)) as T
}
