import { alexnet, alexnetAntialiased } from './alexnet.js'
import { caffenet } from './caffenet.js'
import { deepsimGenerators } from './deepsim.js'
import type { Architecture } from './layer.js'
import { mobilenetV2, mobilenetV2Antialiased } from './mobilenetV2.js'
import { resnet50Antialiased, resnets } from './resnet.js'
import { squeezenets } from './squeezenet.js'
import { vgg16 } from './vgg.js'

export const architectures: readonly Architecture[] = [
  alexnet,
  ...resnets,
  mobilenetV2,
  alexnetAntialiased,
  resnet50Antialiased,
  mobilenetV2Antialiased,
  vgg16,
  ...squeezenets,
  caffenet,
  ...deepsimGenerators,
]
