import { checkOptions, kinds } from '../checkedOptions.js'
import type { NetworkChoice } from '../networks/index.js'
import { EXTRACT_OPTIONS, type Extraction, type NetworkExtractOptions } from './extraction.js'
import { NETWORK_OPTIONS, type NetworkOptions, openNetwork } from './openNetwork.js'

export interface ExtractOptions extends NetworkChoice, Omit<NetworkOptions, 'layers'>, NetworkExtractOptions {}

/**
 * Opens a network for one patch: `openNetwork` and its `extract`.
 * @throws UsageError, InputError, DeviceError, OutputError; an abort rejects with the signal's reason
 */
export async function extract(options: ExtractOptions): Promise<Extraction> {
  checkOptions(options, {
    required: { model: kinds.text, ...EXTRACT_OPTIONS.required },
    optional: { ...NETWORK_OPTIONS.optional, ...EXTRACT_OPTIONS.optional },
  })
  const { model, weights, layers, device, precision, compositing, reuse, workers, threads, batch, ...placement } =
    options
  const { onProgress, signal } = options
  const network = await openNetwork(model, {
    ...{ weights, layers, device, precision, compositing, reuse, workers, threads, batch, onProgress, signal },
  } as NetworkOptions)
  try {
    return await network.extract(placement)
  } finally {
    await network.close()
  }
}
