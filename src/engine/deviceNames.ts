/** Devices by the names that users give them; `auto` is the processor or a GPU that was measured to be faster. */
export const DEVICE_NAMES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const
export type DeviceName = (typeof DEVICE_NAMES)[number]
