import type { NetworkInput } from '../../src/network.js'
import { inputPresets } from '../../src/networks/input/presets.js'

/** Input of torchvision's networks: RGB, normalised with the mean and standard deviation of ImageNet's pixels. */
export const imagenetInput: NetworkInput = {
  name: 'image',
  rows: 224,
  cols: 224,
  batch: null,
  ...inputPresets.imagenet,
}
