import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { listSupportedBackends } from 'onnxruntime-node'
import { UsageError } from '../errors.js'
import type { Precision } from '../networks/index.js'
import { DEVICE_NAMES, type DeviceName } from './deviceNames.js'

/** The names that stand for an execution provider on GPUs. */
export type GpuName = Exclude<DeviceName, 'auto' | 'cpu'>

/** A device as a user asks for it. */
export interface DeviceRequest {
  readonly name: DeviceName
  /** Index of the GPU; null for all that the provider can use. */
  readonly index: number | null
}

/** An execution provider on one device. */
export interface Device {
  readonly name: Exclude<DeviceName, 'auto'>
  readonly index: number
}

interface Provider {
  /** Name of its options in onnxruntime-node. */
  readonly backend: string
  /** Its name in a profile of ONNX Runtime. */
  readonly profileName: string
  /** Whether onnxruntime-node lets one of several GPUs be chosen. */
  readonly hasIndex: boolean
  /** What to do if the provider does not run. */
  readonly remedy: string
}

const CUDA_REMEDY =
  'ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js fetches its libraries (behind a proxy with GLOBAL_AGENT_HTTPS_PROXY=http://host:port; without a network see docs/devices.md), which need an NVIDIA driver, CUDA 12 and cuDNN 9'

const PROVIDERS: Readonly<Record<Device['name'], Provider>> = {
  cpu: {
    backend: 'cpu',
    profileName: 'CPUExecutionProvider',
    hasIndex: false,
    remedy: 'install onnxruntime-node again',
  },
  webgpu: {
    backend: 'webgpu',
    profileName: 'WebGpuExecutionProvider',
    hasIndex: false,
    remedy:
      "install the graphics card's driver, on Linux with Vulkan (Debian: libvulkan1 and mesa-vulkan-drivers, or NVIDIA's driver)",
  },
  cuda: {
    backend: 'cuda',
    profileName: 'CUDAExecutionProvider',
    hasIndex: true,
    remedy: CUDA_REMEDY,
  },
  tensorrt: {
    backend: 'tensorrt',
    profileName: 'TensorrtExecutionProvider',
    hasIndex: true,
    remedy: `${CUDA_REMEDY}, and TensorRT 10`,
  },
  directml: {
    backend: 'dml',
    profileName: 'DmlExecutionProvider',
    hasIndex: true,
    remedy: 'install a driver with DirectX 12',
  },
  coreml: {
    backend: 'coreml',
    profileName: 'CoreMLExecutionProvider',
    hasIndex: false,
    remedy: 'update macOS',
  },
}

/**
 * Reads `NAME` or `NAME:INDEX`.
 * @throws UsageError for another name, or an index where there is none to choose
 */
export function parseDevice(text: string): DeviceRequest {
  const [, word, digits] = /^([a-z]+)(?::(\d{1,3}))?$/.exec(text) ?? []
  const name = DEVICE_NAMES.find((known) => known === word)
  if (name === undefined)
    throw new UsageError(
      `device ${text} is not known; use ${DEVICE_NAMES.join(', ')}, or NAME:INDEX for one of several`,
    )
  if (digits === undefined) return { name, index: null }
  if (name === 'auto' || !PROVIDERS[name].hasIndex) {
    const indexed = DEVICE_NAMES.filter((known) => known !== 'auto' && PROVIDERS[known].hasIndex)
    throw new UsageError(
      `device ${text}: only ${indexed.join(', ')} have an index; with ${name} the system chooses, leave :${digits} out`,
    )
  }
  return { name, index: Number(digits) }
}

/** @throws UsageError for float16 without a GPU's name: the processor would only be slower with it */
export function checkPrecision({ name }: DeviceRequest, precision: Precision = 'fp32'): void {
  if (precision === 'fp32' || (name !== 'auto' && name !== 'cpu')) return
  throw new UsageError(`\`precision ${precision}\` is for GPUs; name one with \`device\`, or leave it out`)
}

/**
 * Every device that a request stands for: the one with this index, or all GPUs that the provider can be told to use.
 */
export function devicesOf(name: Device['name'], index: number | null): readonly Device[] {
  if (index !== null) return [{ name, index }]
  const count = name === 'cuda' || name === 'tensorrt' ? Math.max(1, nvidiaModels().length) : 1
  return Array.from({ length: count }, (_, i) => ({ name, index: i }))
}

/** Why a provider cannot run on this platform whatever is installed; undefined if it may. */
export function platformGap(name: Device['name']): string | undefined {
  const built = listSupportedBackends().map((backend) => backend.name)
  if (built.includes(PROVIDERS[name].backend)) return undefined
  return `onnxruntime-node for ${process.platform}-${process.arch} does not have it`
}

export function remedyOf(name: Device['name']): string {
  return PROVIDERS[name].remedy
}

/** ONNX Runtime's name of the provider, as it stands in profiles and in results. */
export function providerName(name: Device['name']): string {
  return PROVIDERS[name].profileName
}

/** Providers as onnxruntime-node names them. */
export type ExecutionProvider = string | { readonly name: string; readonly deviceId: number }

/** The providers to request from onnxruntime-node. TensorRT leaves operators that it does not support to CUDA. */
export function executionProviders({ name, index }: Device): ExecutionProvider[] {
  const { backend, hasIndex } = PROVIDERS[name]
  const own = hasIndex ? { name: backend, deviceId: index } : backend
  return name === 'tensorrt' ? [own, { name: 'cuda', deviceId: index }] : [own]
}

/** Names of adapters that compute on the processor. They are slower than the processor's own provider. */
const SOFTWARE = /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i

export function isSoftware(adapter: string): boolean {
  return SOFTWARE.test(adapter)
}

/**
 * The models of NVIDIA's cards in the order of their numbers in CUDA, as the kernel's driver lists them on Linux.
 * @param visible the cards that CUDA may see, in their order; undefined for all
 */
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
    // CUDA uses at most one part of a divided card, and ignores all entries after an invalid one.
    if (entry.startsWith('MIG-')) return [...models, UNKNOWN_CARD]
    const card = /^\d+$/.test(entry)
      ? cards[Number(entry)]
      : cards.find(({ uuid }) => entry.startsWith('GPU-') && uuid.startsWith(entry))
    if (card === undefined) break
    models.push(card.model)
  }
  return models
}

const UNKNOWN_CARD = 'NVIDIA GPU'

/** The system's name for the processor; null if it has none. */
export function processorName(): string | null {
  return cpus()[0]?.model.trim() || null
}

/** Whether there may be a GPU whose name can be read. Only on Linux: elsewhere a software adapter would go unnoticed. */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return false
  const hasRenderNode = existsSync('/dev/dri') && readdirSync('/dev/dri').some((node) => node.startsWith('renderD'))
  return hasRenderNode || existsSync('/dev/dxg') || nvidiaModels().length > 0
}
