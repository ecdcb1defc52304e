import { alexnet, alexnetAntialiased } from './alexnet.js'
import { caffenet } from './caffenet.js'
import { deepsimGenerators } from './deepsim.js'
import type { Architecture } from './layer.js'
import { mobilenetV2, mobilenetV2Antialiased } from './mobilenetV2.js'
import { resnet50, resnet50Antialiased } from './resnet50.js'

/** Every network and every generator that is built from a checkpoint. */
export const architectures: readonly Architecture[] = [
  alexnet,
  resnet50,
  mobilenetV2,
  alexnetAntialiased,
  resnet50Antialiased,
  mobilenetV2Antialiased,
  caffenet,
  ...deepsimGenerators,
]
