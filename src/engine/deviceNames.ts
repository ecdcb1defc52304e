/** Devices by the names that users give them; `auto` is the processor or a GPU that was measured to be faster. */
export const DEVICE_NAMES = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const
export type DeviceName = (typeof DEVICE_NAMES)[number]

/**
 * Where images are composited for a network on the processor: by the addon, which is faster, or in the network's graph as
 * it is on GPUs.
 */
export const COMPOSITING = ['native', 'graph'] as const
export type Compositing = (typeof COMPOSITING)[number]
