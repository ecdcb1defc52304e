import { checkOptions, kinds } from '../checkedOptions.js'
import { EXTRACT_OPTIONS, type Extraction, type NetworkExtractOptions } from './extraction.js'
import { NETWORK_OPTIONS, type NetworkOptions, openNetwork } from './openNetwork.js'

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
