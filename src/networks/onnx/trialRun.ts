import { InferenceSession, Tensor } from 'onnxruntime-node'
import { prepareEnvironment } from '../../environment.js'
import { InputError } from '../../errors.js'
import { printable } from '../../printable.js'

/** What a model gave for one batch. */
export interface TrialRun {
  /** By the name of the output. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
}

/** ONNX Runtime writes to stderr what it also throws. */
const quiet = { logSeverityLevel: 4 } as const

/**
 * Runs a model once on the processor, for the shapes of its outputs, which an ONNX file need not state and often states
 * wrongly.
 *
 * @param input name and shape of the input, [batch, 3, rows, cols] of images
 * @param names outputs of the graph
 * @throws InputError when ONNX Runtime refuses the model, it does not run on such a batch, or an output is not float32
 * or holds NaN
 */
export async function trialRun(
  path: string,
  input: { readonly name: string; readonly shape: readonly number[] },
  names: readonly string[],
): Promise<TrialRun> {
  const session = await opened(path)
  try {
    for (const name of names) checkFloat(path, session, name)
    const images = new Tensor('float32', pattern(input.shape.reduce((product, size) => product * size, 1)), input.shape)
    const results = Object.entries(await session.run({ [input.name]: images }, [...names], quiet))
    for (const [name, { data }] of results) checkNumbers(path, name, data as Float32Array)
    const shapes = results.map(([name, { dims }]) => [name, dims] as const)
    return { shapes: new Map(shapes) }
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(
      `${path} does not run on input of shape [${input.shape.join(', ')}] (${oneLine(error)}); export it for this shape`,
      { cause: error },
    )
  } finally {
    await session.release()
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

function checkFloat(path: string, session: InferenceSession, name: string): void {
  const output = session.outputMetadata.find((candidate) => candidate.name === name)
  const type = output?.isTensor ? output.type : 'not a tensor'
  if (type === 'float32') return
  throw new InputError(
    `layer "${printable(name)}" of ${path} is ${type}; features must be float32: name another layer, or export the model in float32`,
  )
}

function checkNumbers(path: string, name: string, features: Float32Array): void {
  if (!features.some(Number.isNaN)) return
  throw new InputError(
    `layer "${printable(name)}" of ${path} gives NaN: its weights are damaged; export the model again`,
  )
}

/** Pixels of any kind; a blank image could divide by its own norm. */
function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 7919) % 256) / 64 - 2)
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 500)
}
