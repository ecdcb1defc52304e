import { InferenceSession, Tensor } from 'onnxruntime-node'
import { prepareEnvironment } from '../../environment.js'
import { InputError } from '../../errors.js'
import { printable } from '../../printable.js'
import type { ShownTensor } from './featureNodes.js'
import type { Node } from './model.js'

/** ONNX Runtime writes to stderr what it also throws. */
const quiet = { logSeverityLevel: 4 } as const

/**
 * Runs a model once on the processor, for what its outputs are, which an ONNX file need not state and often states wrongly.
 *
 * @param names outputs of the graph
 * @returns type and shape by name
 * @throws InputError when ONNX Runtime refuses the model, it does not run on such a batch, or an output holds NaN
 */
export async function trialRun(
  path: string,
  input: TrialInput,
  names: readonly string[],
): Promise<ReadonlyMap<string, ShownTensor>> {
  return withSession(path, async (session) => {
    const results = Object.entries(await runTrial(path, session, input, names))
    for (const [name, { data }] of results) if (data instanceof Float32Array) checkNumbers(path, name, data)
    return new Map(results.map(([name, { type, dims }]) => [name, { type, shape: dims }]))
  })
}

/**
 * Nodes that give the extents of tensors, for a copy of a graph in which `trialShapes` reads them: next to nothing leaves
 * the run.
 */
export function extentNodes(names: readonly string[]): readonly Node[] {
  return names.map((name) => {
    const output = extentOf(name)
    return { operator: 'Shape', name: `${output}.node`, inputs: [name], outputs: [output], attributes: {} }
  })
}

function extentOf(name: string): string {
  return `shiftscope.extent.${name}`
}

/**
 * Types and shapes of tensors of a graph that has them as outputs, and the outputs of `extentNodes`.
 * @throws as `trialRun`
 */
export async function trialShapes(
  path: string,
  input: TrialInput,
  names: readonly string[],
): Promise<ReadonlyMap<string, ShownTensor>> {
  return withSession(path, async (session) => {
    const extents = await runTrial(path, session, input, names.map(extentOf))
    const types = new Map(session.outputMetadata.map((output) => [output.name, output.isTensor ? output.type : 'none']))
    return new Map(
      names.map((name) => {
        const shape = Array.from((extents[extentOf(name)]?.data ?? []) as BigInt64Array, Number)
        return [name, { type: types.get(name) ?? 'none', shape }]
      }),
    )
  })
}

/** Name and shape of an input, float32 [batch, 3, rows, cols] of images. */
export interface TrialInput {
  readonly name: string
  readonly shape: readonly number[]
}

async function withSession<T>(path: string, work: (session: InferenceSession) => Promise<T>): Promise<T> {
  const session = await opened(path)
  try {
    return await work(session)
  } finally {
    await session.release()
  }
}

async function runTrial(
  path: string,
  session: InferenceSession,
  { name, shape }: TrialInput,
  outputs: readonly string[],
) {
  const images = new Tensor('float32', pattern(shape.reduce((product, size) => product * size, 1)), shape)
  try {
    return await session.run({ [name]: images }, [...outputs], quiet)
  } catch (error) {
    throw new InputError(
      `${path} does not run on input of shape [${shape.join(', ')}] (${oneLine(error)}); export it for this shape`,
      { cause: error },
    )
  }
}

async function opened(path: string): Promise<InferenceSession> {
  try {
    prepareEnvironment()
    return await InferenceSession.create(path, { executionProviders: ['cpu'], ...quiet })
  } catch (error) {
    throw new InputError(`ONNX Runtime refuses ${path}: ${oneLine(error)}; export the model again`, { cause: error })
  }
}

function checkNumbers(path: string, name: string, features: Float32Array): void {
  if (!features.some(Number.isNaN)) return
  throw new InputError(
    `layer "${printable(name)}" of ${path} gives NaN: its weights are damaged; export the model again`,
  )
}

/** Pixels of any kind, from −2 to 2; a blank image could divide by its own norm. */
function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 7919) % 256) / 64 - 2)
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 500)
}
