/** `auto` stands for the processor, or for a GPU if measurements show that it is faster. */
export const DEVICE_NAMES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const
export type DeviceName = (typeof DEVICE_NAMES)[number]
