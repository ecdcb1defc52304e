import { alexnet, alexnetAntialiased } from './alexnet.js'
import type { Architecture } from './layer.js'
import { mobilenetV2, mobilenetV2Antialiased } from './mobilenetV2.js'
import { resnet50, resnet50Antialiased } from './resnet50.js'

/** Every network that is built from a PyTorch checkpoint. */
export const architectures: readonly Architecture[] = [
  alexnet,
  resnet50,
  mobilenetV2,
  alexnetAntialiased,
  resnet50Antialiased,
  mobilenetV2Antialiased,
]
