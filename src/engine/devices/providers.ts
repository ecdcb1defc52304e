/** ONNX Runtime's execution providers: one row for everything that differs between them. */

export interface Provider {
  /** Name of the provider in the options of onnxruntime-node. */
  readonly backend: string
  /** Name of the provider in ONNX Runtime's profiles. */
  readonly profileName: string
  /**
   * Whether it computes on the processor, in threads of Shiftscope's process. All others run in a process of their own,
   * because a driver can crash its process. They are tried first, and their graphs composite the images.
   */
  readonly isProcessor: boolean
  /** Whether it runs on NVIDIA cards. Their driver tells models and free memory, and classifiers can train on them. */
  readonly isNvidia: boolean
  /** Whether onnxruntime-node can be told which of several GPUs to use. */
  readonly hasIndex: boolean
  /** Whether the session's process can read the adapter's name from its driver. */
  readonly namesAdapter: boolean
  /** Another provider that runs the operators which this one does not support; undefined for the processor. */
  readonly helper?: string
  /** Batch sizes to try, in ascending order. A size is tried only if the previous size made the network faster. */
  readonly batches: readonly [number, ...number[]]
  /** What to do if the provider is not usable. */
  readonly remedy: string
}

const CUDA_REMEDY =
  'install an NVIDIA driver, CUDA 12 and cuDNN 9, then run ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js (docs/devices.md says what to do behind a proxy or offline)'

const GPU = {
  isProcessor: false,
  isNvidia: false,
  hasIndex: false,
  namesAdapter: false,
  batches: [32, 64, 128, 256, 512, 1024],
} as const

const ROWS = {
  cpu: {
    ...GPU,
    backend: 'cpu',
    profileName: 'CPUExecutionProvider',
    isProcessor: true,
    remedy: 'install onnxruntime-node again',
  },
  webgpu: {
    ...GPU,
    backend: 'webgpu',
    profileName: 'WebGpuExecutionProvider',
    namesAdapter: true,
    remedy:
      "install the graphics card's driver, on Linux with Vulkan (Debian: libvulkan1 and mesa-vulkan-drivers, or NVIDIA's driver)",
  },
  cuda: {
    ...GPU,
    backend: 'cuda',
    profileName: 'CUDAExecutionProvider',
    isNvidia: true,
    hasIndex: true,
    remedy: CUDA_REMEDY,
  },
  tensorrt: {
    ...GPU,
    backend: 'tensorrt',
    profileName: 'TensorrtExecutionProvider',
    isNvidia: true,
    hasIndex: true,
    helper: 'cuda',
    // It compiles the network for each size, which takes minutes.
    batches: [32, 128],
    remedy: `install TensorRT 10, and also ${CUDA_REMEDY}`,
  },
  directml: {
    ...GPU,
    backend: 'dml',
    profileName: 'DmlExecutionProvider',
    hasIndex: true,
    remedy: 'install a driver with DirectX 12',
  },
  coreml: {
    ...GPU,
    backend: 'coreml',
    profileName: 'CoreMLExecutionProvider',
    remedy: 'update macOS',
  },
} as const satisfies Record<string, Provider>

export type ProviderName = keyof typeof ROWS

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = ROWS

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[]

/** `auto` stands for the processor, or for a GPU if measurements show that it is faster. */
export const DEVICE_NAMES = ['auto', ...PROVIDER_NAMES] as const
export type DeviceName = (typeof DEVICE_NAMES)[number]

/** GPUs that `auto` tries, best first. */
export const TRIED_BY_AUTO: readonly ProviderName[] = ['cuda', 'webgpu']
