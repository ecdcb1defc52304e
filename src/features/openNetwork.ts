import { z } from 'zod'
import { type DeviceRequest, parseDevice } from '../engine/devices/device.js'
import { openExecution, requiredTrials } from '../engine/open/executionRequest.js'
import type { NetworkHandle } from '../engine/open/handle.js'
import { SETTINGS_OPTIONS, type WishedSettings } from '../engine/open/settings.js'
import { REUSE } from '../engine/reuse/record.js'
import type { Scene } from '../engine/scene/task.js'
import { throwIfStopped, UsageError } from '../errors.js'
import { type Network, PRECISIONS } from '../network.js'
import { networkNotes } from '../networks/open/notes.js'
import { chooseNetwork } from '../networks/open/openNetwork.js'
import { OWN_OPTIONS, type OwnOptions, REFERENCE_OPTIONS } from '../networks/reference/reference.js'
import { type ProgressListener, progressTo } from '../progress.js'
import {
  type CheckedOptions,
  callback,
  type GivenOptions,
  oneOf,
  optionsIn,
  parseOptions,
  schemas,
} from '../support/optionChecks.js'
import {
  comparePositions,
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

const OPTIONS = {
  /**
   * Device that runs the network, such as `cpu` or `cuda`; docs/devices.md lists them. To choose one of several GPUs,
   * append `:INDEX`. `auto` (default) uses the processor, except if the work is long and a short benchmark shows that a
   * GPU is faster.
   */
  device: z.string().default('auto'),
  /** Floating-point type of the network's arithmetic: `fp32` (default), or `fp16` on a GPU. */
  precision: oneOf('precision', PRECISIONS).exactOptional(),
  /**
   * With `auto` (default), a value that several images share is computed once, if that is faster. With `off`, every
   * image is computed in full.
   */
  reuse: oneOf('reuse', REUSE).exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops `openNetwork`. Each later call takes its own signal. */
  signal: schemas.signal.exactOptional(),
}

export const NETWORK_OPTIONS = { ...REFERENCE_OPTIONS, ...OPTIONS, ...OWN_OPTIONS, ...SETTINGS_OPTIONS }

/** Options of `openNetwork`. */
export interface NetworkOptions
  extends GivenOptions<typeof REFERENCE_OPTIONS>,
    GivenOptions<typeof OPTIONS>,
    OwnOptions,
    WishedSettings {}

type Checked = CheckedOptions<typeof NETWORK_OPTIONS>

/**
 * An open network, ready for any number of calls, also in parallel. The first call opens the sessions and chooses the
 * settings; later calls reuse both until you close the network.
 */
export interface OpenNetwork extends AsyncDisposable {
  /** Description of the network as plain data: id, layers, input, hash of the weights. */
  readonly network: Network
  /**
   * Moves one object across the frame and computes the features of every layer at every position (paper section 2.1).
   * It also computes the features at the five anchors, which the stride does not move. With `out`, it writes
   * `<layer>.npy`, float32 [rows, cols, dims] in C order, `anchors-<layer>.npy`, float32 [5, dims], and extract.json. If
   * an earlier call with the same inputs was interrupted, only the missing positions are computed.
   * @throws as the function `extract`
   * @throws UsageError if the network is closed
   */
  extract(options: NetworkExtractOptions): Promise<Extraction>
  /**
   * Computes the features that `extract` returns, but yields them as they are computed, many positions at a time. It
   * keeps and writes nothing.
   * @throws as `extract`, except OutputError
   */
  rows(options: RowOptions): AsyncGenerator<FeatureRows, void, undefined>
  /**
   * Computes the cosine similarity of every position with the five anchors. A larger stride does not move the anchors:
   * they stay where stride 1 puts them.
   * @throws as `extract`, except OutputError
   * @throws InputError with the code `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` for a feature that is all zero or not finite
   */
  compare(options: PlacementOptions): Promise<NetworkComparison>
  /** Closes the sessions. Later calls reject with a UsageError. */
  close(): Promise<void>
}

/**
 * Opens a network for any number of calls.
 * @param model id in the catalog (`shiftscope models list`), path of an .onnx file, `hf:OWNER/NAME` of a pulled model,
 *   or path of a checkpoint of a catalog network; `NAME=` before it names the network
 * @throws UsageError for invalid options, a wrong name or an unknown network
 * @throws InputError for missing or damaged files
 * @throws DeviceError for a GPU that cannot be used
 * @throws the signal's reason after an abort
 */
export async function openNetwork(model: string, options: NetworkOptions = {}): Promise<OpenNetwork> {
  const checked = parseOptions(options, NETWORK_OPTIONS)
  const request = parseDevice(checked.device, checked.precision)
  const network = await chooseNetwork({ ...checked, model, weightsOption: 'weights FILE' })
  for (const line of networkNotes(network)) progressTo(checked.onProgress).note(line)
  await requiredTrials(request, network, checked.signal)
  const { handleFor, close } = openedOnce(network, request, checked)
  return {
    network,
    extract: async (given) => {
      const call = parseOptions(given, EXTRACT_OPTIONS)
      const placed = await placePatch(network, call)
      const { scene, grid } = placed
      return extractPlaced(await handleFor(scene, grid.offsets.length / 2, call.signal), placed, call)
    },
    rows: async function* (given) {
      const call = parseOptions(given, ROW_OPTIONS)
      const { scene, grid } = await placePatch(network, call)
      yield* rows(await handleFor(scene, grid.rows * grid.cols, call.signal), scene, grid, call)
    },
    compare: async (given) => {
      const call = parseOptions(given, PLACEMENT_OPTIONS)
      const { scene, grid } = await placePatch(network, call)
      return comparePositions(await handleFor(scene, grid.offsets.length / 2, call.signal), scene, grid, call)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Returns a function that opens a network's workers when it is first called. Its later calls share these workers. */
function openedOnce(network: Network, request: DeviceRequest, options: Checked) {
  let opening: Promise<NetworkHandle> | undefined
  let closed = false
  /** Opens the workers. The number of images decides which devices are worth trying. */
  const open = (scene: Scene, images: number, callSignal: AbortSignal | undefined): Promise<NetworkHandle> =>
    openExecution({
      network,
      scene,
      images,
      request,
      wished: options,
      onNote: (line) => progressTo(options.onProgress).note(line),
      ...(options.reuse && { reuse: options.reuse }),
      ...(callSignal && { signal: callSignal }),
    }).catch((error) => {
      opening = undefined
      throw error
    })
  const handleFor = async (scene: Scene, images: number, callSignal?: AbortSignal): Promise<NetworkHandle> => {
    throwIfStopped(callSignal)
    if (closed) throw new UsageError(`${network.id} is closed; open it again`)
    const others = opening
    if (others === undefined) {
      opening = open(scene, images, callSignal)
      return opening
    }
    // Another call is already opening the workers. If it fails, perhaps by an abort, this call opens them itself.
    return others.catch(() => handleFor(scene, images, callSignal))
  }
  const close = async () => {
    closed = true
    await (await opening?.catch(() => undefined))?.close()
  }
  return { handleFor, close }
}

/** Options of `extract`. */
export interface ExtractOptions extends NetworkOptions, NetworkExtractOptions {
  /** The network, named as in `openNetwork`. */
  readonly model: string
}

/**
 * Moves one object across the frame and returns a network's features at every position. It opens the network, calls
 * `OpenNetwork.extract` and closes the network.
 * @throws UsageError for invalid options
 * @throws InputError for missing or damaged files
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws ResourceError for too little memory
 * @throws the signal's reason after an abort
 */
export async function extract(options: ExtractOptions): Promise<Extraction> {
  const { model, ...rest } = parseOptions(options, { model: z.string(), ...EXTRACT_OPTIONS, ...NETWORK_OPTIONS })
  const network = await openNetwork(model, optionsIn(rest, NETWORK_OPTIONS))
  try {
    return await network.extract(optionsIn(rest, EXTRACT_OPTIONS))
  } finally {
    await network.close()
  }
}
