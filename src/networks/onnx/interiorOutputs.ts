import { createReadStream } from 'node:fs'
import { InferenceSession } from 'onnxruntime-node'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import type { TypedTensor } from './interface.js'
import { messageBytes, messageField, stringField } from './protobuf.js'

/**
 * Copies an ONNX file, making tensors inside its graph outputs as well.
 *
 * Protobuf merges an embedded message that occurs twice, and joins its repeated fields: so a second graph that has
 * nothing but outputs, at the end of the file, adds these to the first.
 *
 * @param names tensors that nodes of the graph make
 * @throws OutputError when the copy cannot be written
 */
export async function writeWithOutputs(path: string, original: string, names: readonly string[]): Promise<void> {
  const outputs = names.flatMap((name) => messageField(12, stringField(1, name)))
  async function* pieces() {
    yield* createReadStream(original, { highWaterMark: 1 << 20 })
    yield* messageBytes(messageField(7, outputs))
  }
  await writeFileAtomic(path, pieces())
}

/**
 * Names, types and shapes of a model's outputs as ONNX Runtime infers them, which the file itself need not state.
 *
 * @throws InputError when ONNX Runtime refuses the model
 */
export async function inferredOutputs(path: string): Promise<readonly TypedTensor[]> {
  try {
    const session = await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'disabled',
    })
    const outputs = session.outputMetadata.map((output) =>
      output.isTensor
        ? { name: output.name, type: output.type, shape: output.shape }
        : { name: output.name, type: 'other', shape: [] },
    )
    await session.release()
    return outputs
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)
    throw new InputError(`ONNX Runtime refuses ${path}: ${cause}; export the model again`, { cause: error })
  }
}
