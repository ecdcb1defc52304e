/** Names of devices in options. `auto` is the processor, or a GPU that is measured to be faster. */
export const DEVICE_NAMES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const
export type DeviceName = (typeof DEVICE_NAMES)[number]
