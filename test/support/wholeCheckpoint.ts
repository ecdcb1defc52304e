import { withFile } from '../../src/files/openFile.js'
import { type Checkpoint, readCheckpoint } from '../../src/networks/checkpoint/checkpoint.js'

/** A checkpoint whose tensors are in memory, so that they can be asked for when the file is closed. */
export function readWholeCheckpoint(path: string): Promise<Checkpoint> {
  return withFile(path, async (file) => {
    const checkpoint = await readCheckpoint(file)
    const tensors = [...checkpoint.tensors].map(
      ([key, tensor]) => [key, { ...tensor, elements: tensor.read() }] as const,
    )
    await Promise.allSettled(tensors.map(([, { elements }]) => elements))
    return {
      ...checkpoint,
      tensors: new Map(tensors.map(([key, tensor]) => [key, { ...tensor, read: () => tensor.elements }])),
    }
  })
}

/** Reads every tensor of a file, as one does who builds a network from it. */
export function readAllTensors(path: string): Promise<Map<string, Float32Array>> {
  return withFile(path, async (file) => {
    const values = new Map<string, Float32Array>()
    for (const [key, tensor] of (await readCheckpoint(file)).tensors) values.set(key, await tensor.read())
    return values
  })
}
