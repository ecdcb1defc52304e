import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '../../src/errors.js'
import { readCheckpoint } from '../../src/networks/checkpoint/checkpoint.js'
import { externalFiles } from '../../src/networks/onnx/externalData.js'
import { writeGraphCopy } from '../../src/networks/onnx/graphCopy.js'
import { readModelInterface } from '../../src/networks/onnx/interface.js'
import { readModelMetadata } from '../../src/networks/onnx/metadata.js'
import type { FuzzCase } from './formats.js'
import type { FileGuard } from './guardedFiles.js'

const maximumTensors = 50
const maximumMessage = 2000

export interface Outcome {
  readonly result: 'read' | 'refused'
  /** What the reader did that it must not do. */
  readonly faults: readonly string[]
}

/**
 * Reads a file as one does who builds a network from it, and judges what happened.
 *
 * @param guard watches the files of this thread
 */
export async function tryCase(
  folder: string,
  { format, extension, bytes }: FuzzCase,
  guard: FileGuard,
): Promise<Outcome> {
  const path = join(folder, `case${extension}`)
  writeFileSync(path, bytes)
  // Files are read for making the case as well, by ways that the guard does not know.
  guard.takeViolations()
  const judged = await reading(() =>
    format === 'onnx' ? readOnnx(path, join(folder, 'copy.onnx')) : readTensors(path),
  )
  return { ...judged, faults: [...judged.faults, ...guard.takeViolations()] }
}

async function reading(read: () => Promise<readonly string[]>): Promise<Outcome> {
  try {
    return { result: 'read', faults: await read() }
  } catch (error) {
    return { result: 'refused', faults: errorFaults(error) }
  }
}

async function readTensors(path: string): Promise<string[]> {
  const { tensors } = await readCheckpoint(path)
  const faults: string[] = []
  for (const [key, tensor] of [...tensors].slice(0, maximumTensors)) {
    const count = tensor.shape.reduce((product, size) => product * size, 1)
    const elements = await tensor.read()
    if (elements.length !== count) faults.push(`${key} has ${elements.length} elements instead of ${count}`)
    if (!elements.every(Number.isFinite)) faults.push(`${key} is not finite`)
  }
  return faults
}

/** ONNX Runtime itself is not asked; a copy must read as the original does. */
async function readOnnx(path: string, copy: string): Promise<string[]> {
  const model = readModelInterface(path)
  await externalFiles(path)
  readModelMetadata(path, ['encoder', 'layer'])
  const outputs = [...model.tensors].slice(0, 2)
  await writeGraphCopy(copy, path, { outputs })
  const names = readModelInterface(copy).outputs.map(({ name }) => name)
  const expected = [...model.outputs.map(({ name }) => name), ...outputs]
  // Where the model has several graphs, the additions stand in the first.
  const isSame = JSON.stringify([...names].sort()) === JSON.stringify([...expected].sort())
  return isSame && existsSync(copy) ? [] : ['the copy has other outputs']
}

function errorFaults(error: unknown): string[] {
  if (!(error instanceof InputError)) return [`threw ${error instanceof Error ? error.stack : String(error)}`]
  const { message } = error
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isLine = message.length <= maximumMessage && !/[\x00-\x1f\x7f-\x9f]/.test(message)
  return isLine ? [] : [`has a message that is not a line of text: ${JSON.stringify(message.slice(0, 300))}`]
}
