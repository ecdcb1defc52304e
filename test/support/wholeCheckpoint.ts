import { type Checkpoint, readCheckpoint } from '../../src/checkpoint/checkpoint.js'
import { withFile } from '../../src/files/openFile.js'

/** Reads a checkpoint with all tensors in memory, so that they can be used after the file is closed. */
export function readWholeCheckpoint(path: string): Promise<Checkpoint> {
  return withFile(path, async (file) => {
    const checkpoint = await readCheckpoint(file)
    const tensors = new Map(checkpoint.tensors)
    for (const [key, tensor] of tensors) {
      const values = await tensor.read()
      tensors.set(key, { ...tensor, read: async () => values })
    }
    return { ...checkpoint, tensors }
  })
}
