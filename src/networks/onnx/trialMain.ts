import { InferenceSession, Tensor } from 'onnxruntime-node'
import { answerConfined } from '../../childProcess/confinedAnswers.js'
import { prepareEnvironment } from '../../environment.js'
import { InputError } from '../../errors.js'
import { printable } from '../../printable.js'
import { extentOf } from './extentNodes.js'
import type { ShownTensor } from './featureNodes.js'

/** Process that runs models of which nothing is known. */

/** Name and shape of an input, float32 [batch, 3, rows, cols] of images. */
export interface TrialInput {
  readonly name: string
  readonly shape: readonly number[]
}

export interface TrialQuestion {
  /** The ONNX file. */
  readonly path: string
  /** What messages call it. */
  readonly model: string
  readonly input: TrialInput
  /** Tensors whose type and shape is asked for. */
  readonly names: readonly string[]
  /** Whether they are read by the outputs of `extentNodes`, in place of the tensors themselves. */
  readonly byExtents: boolean
}

/** By name. */
export type TrialAnswer = ReadonlyMap<string, ShownTensor>

/** ONNX Runtime writes to stderr what it also throws. */
const quiet = { logSeverityLevel: 4 } as const

answerConfined<TrialQuestion, TrialAnswer>(async (question) => {
  const session = await opened(question)
  try {
    return question.byExtents ? await extents(session, question) : await values(session, question)
  } finally {
    await session.release()
  }
})

async function values(session: InferenceSession, question: TrialQuestion): Promise<TrialAnswer> {
  const results = Object.entries(await run(session, question, question.names))
  for (const [name, { data }] of results) if (data instanceof Float32Array) checkNumbers(question.model, name, data)
  return new Map(results.map(([name, { type, dims }]) => [name, { type, shape: dims }]))
}

async function extents(session: InferenceSession, question: TrialQuestion): Promise<TrialAnswer> {
  const { names } = question
  const shapes = await run(session, question, names.map(extentOf))
  const types = new Map(session.outputMetadata.map((output) => [output.name, output.isTensor ? output.type : 'none']))
  return new Map(
    names.map((name) => {
      const shape = Array.from((shapes[extentOf(name)]?.data ?? []) as BigInt64Array, Number)
      return [name, { type: types.get(name) ?? 'none', shape }]
    }),
  )
}

async function run(session: InferenceSession, { model, input }: TrialQuestion, outputs: readonly string[]) {
  const { name, shape } = input
  try {
    const images = new Tensor('float32', pattern(shape.reduce((product, size) => product * size, 1)), shape)
    return await session.run({ [name]: images }, [...outputs], quiet)
  } catch (error) {
    throw new InputError(
      `${model} does not run on input of shape [${shape.join(', ')}] (${oneLine(error)}); export it for this shape`,
      { cause: error },
    )
  }
}

async function opened({ path, model }: TrialQuestion): Promise<InferenceSession> {
  try {
    prepareEnvironment()
    return await InferenceSession.create(path, { executionProviders: ['cpu'], ...quiet })
  } catch (error) {
    throw new InputError(`ONNX Runtime refuses ${model}: ${oneLine(error)}; export the model again`, { cause: error })
  }
}

function checkNumbers(model: string, name: string, features: Float32Array): void {
  if (!features.some(Number.isNaN)) return
  throw new InputError(
    `layer "${printable(name)}" of ${model} gives NaN: its weights are damaged; export the model again`,
  )
}

/** Pixels of any kind, from −2 to 2; a blank image could divide by its own norm. */
function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 7919) % 256) / 64 - 2)
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 500)
}
