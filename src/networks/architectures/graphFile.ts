import type { OpenFile } from '../../files/openFile.js'
import { readCheckpoint } from '../checkpoint/checkpoint.js'
import { type CachedGraph, cachedGraph } from '../graphCache.js'
import { writeModel } from '../onnx/model.js'
import { graphOf, graphVersion } from './graph.js'
import type { Architecture } from './layer.js'
import { weightsFor } from './weights.js'

export function graphFile(architecture: Architecture, checkpoint: OpenFile, sha256: string): Promise<CachedGraph> {
  return cachedGraph(`${architecture.id}-${sha256.slice(0, 16)}-v${graphVersion}.onnx`, async (path) => {
    const weights = weightsFor(architecture, await readCheckpoint(checkpoint))
    await writeModel(path, graphOf(architecture, weights))
  })
}
