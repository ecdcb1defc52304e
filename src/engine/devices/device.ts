import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { listSupportedBackends } from 'onnxruntime-node'
import { UsageError } from '../../errors.js'
import type { Precision } from '../../network.js'
import { DEVICE_NAMES, type DeviceName, PROVIDER_NAMES, PROVIDERS, type ProviderName } from './providers.js'

export interface DeviceRequest {
  readonly name: DeviceName
  /** Index of the GPU; null if none was given (see `devicesOf`). */
  readonly index: number | null
  /** `fp16` works on GPUs only. */
  readonly precision: Precision
}

/** One device. It is named after its execution provider in ONNX Runtime. */
export interface Device {
  readonly name: ProviderName
  readonly index: number
}

/**
 * Parses `NAME` or `NAME:INDEX`, such as `cuda:1`.
 * @throws UsageError for an unknown name, or if the named device accepts no index
 * @throws UsageError for `fp16`, unless a GPU is named: on the processor, float16 is slower than float32
 */
export function parseDevice(text: string, precision: Precision = 'fp32'): DeviceRequest {
  const [, word, digits] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(text) ?? []
  const name = DEVICE_NAMES.find((known) => known === word)
  if (name === undefined)
    throw new UsageError(
      `device ${text} is not known; use ${DEVICE_NAMES.join(', ')}, or NAME:INDEX for one of several GPUs`,
    )
  if (digits !== undefined && (name === 'auto' || !PROVIDERS[name].hasIndex)) {
    const indexed = PROVIDER_NAMES.filter((known) => PROVIDERS[known].hasIndex)
    throw new UsageError(`device ${text} has an index, but only ${indexed.join(', ')} accept one; leave :${digits} out`)
  }
  if (precision !== 'fp32' && (name === 'auto' || PROVIDERS[name].isProcessor))
    throw UsageError.of`\`precision ${precision}\` works only on GPUs; name one with \`device\`, or leave \`precision\` out`
  return { name, index: digits === undefined ? null : Number(digits), precision }
}

/**
 * Returns the device with this index. If the index is null, returns all cards for a provider of NVIDIA cards, and a
 * single device for any other provider.
 */
export function devicesOf(name: ProviderName, index: number | null): readonly Device[] {
  if (index !== null) return [{ name, index }]
  const count = PROVIDERS[name].isNvidia ? Math.max(1, nvidiaModels().length) : 1
  return Array.from({ length: count }, (_, i) => ({ name, index: i }))
}

/** Reason why a provider cannot work on this platform, such as DirectML on Linux; undefined if it may work. */
export function platformGap(name: ProviderName): string | undefined {
  const built = listSupportedBackends().map((backend) => backend.name)
  if (built.includes(PROVIDERS[name].backend)) return undefined
  return `onnxruntime-node for ${process.platform}-${process.arch} does not support it`
}

export type ExecutionProvider = string | { readonly name: string; readonly deviceId: number }

/** Returns a device's provider, and behind it the provider that runs the operators which the first does not support. */
export function executionProviders({ name, index }: Device): ExecutionProvider[] {
  const { backend, hasIndex, helper } = PROVIDERS[name]
  const backends = helper === undefined ? [backend] : [backend, helper]
  return backends.map((each) => (hasIndex ? { name: each, deviceId: index } : each))
}

/** Names of software adapters: drivers that look like a GPU but compute on the processor, slower than `cpu` does. */
const SOFTWARE = /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i

export function isSoftware(adapter: string): boolean {
  return SOFTWARE.test(adapter)
}

/** Models of the NVIDIA cards in CUDA's order, read from the files of the Linux driver. */
export function nvidiaModels(
  folder = '/proc/driver/nvidia/gpus',
  visible = process.env.CUDA_VISIBLE_DEVICES,
): readonly string[] {
  if (!existsSync(folder)) return []
  const cards = readdirSync(folder)
    .sort()
    .map((card) => {
      const information = readFileSync(join(folder, card, 'information'), 'utf8')
      const value = (name: string) => new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(information)?.[1]?.trim()
      return { model: value('Model') ?? UNKNOWN_CARD, uuid: value('GPU UUID') ?? '' }
    })
  if (visible === undefined) return cards.map(({ model }) => model)
  const models: string[] = []
  for (const entry of visible.split(',').map((text) => text.trim())) {
    // A process can use only one MIG slice (a part of a GPU), so CUDA ignores all entries after the first slice.
    if (entry.startsWith('MIG-')) return [...models, UNKNOWN_CARD]
    const card = /^\d+$/.test(entry)
      ? cards[Number(entry)]
      : cards.find(({ uuid }) => entry.startsWith('GPU-') && uuid.startsWith(entry))
    // CUDA also ignores all entries of CUDA_VISIBLE_DEVICES after an invalid one.
    if (card === undefined) break
    models.push(card.model)
  }
  return models
}

const UNKNOWN_CARD = 'NVIDIA GPU'

export function processorName(): string | null {
  return cpus()[0]?.model.trim() || null
}

/** Whether `auto` may try GPUs: only on Linux, because only there can software adapters be told from GPUs. */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return false
  const hasRenderNode = existsSync('/dev/dri') && readdirSync('/dev/dri').some((node) => node.startsWith('renderD'))
  return hasRenderNode || existsSync('/dev/dxg') || nvidiaModels().length > 0
}
