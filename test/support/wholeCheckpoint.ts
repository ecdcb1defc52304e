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
