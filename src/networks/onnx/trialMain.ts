import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { answerConfined } from '../../childProcess/answering.js'
import { InputError } from '../../errors.js'
import { prepareEnvironment } from '../../support/machine.js'
import { oneLine, printable } from '../../support/text.js'
import type { Optimization } from '../network.js'
import { profiledTensors } from './extentNodes.js'
import type { ShownTensor } from './featureNodes.js'
import { dependence } from './independence.js'

/** The script of the child process that runs models that are not trusted yet. */

export interface TrialQuestion {
  readonly path: string
  /** Name of the model in messages. */
  readonly model: string
  /** The float32 input to run, such as images [batch, 3, rows, cols]. */
  readonly input: { readonly name: string; readonly shape: readonly number[] }
  /** Tensors whose types and shapes are wanted. */
  readonly names: readonly string[]
  readonly optimization: Optimization
  /**
   * Whether to read only the shapes of the tensors, not their values. The graph must then contain the nodes that
   * `extentNodes` makes for the tensors, and its folder must be writable.
   */
  readonly byExtents?: boolean
  /** Path to write the graph to, as ONNX Runtime optimises it. */
  readonly written?: string
}

export type TrialAnswer = ReadonlyMap<string, ShownTensor>

/** Options of ONNX Runtime. Without them, it also prints the errors that it throws. */
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
  const dependences = await dependencesOf(session, question, results)
  return new Map(
    results.map(([name, { type, dims }]) => {
      const dependence = dependences.get(name)
      return [name, { type, shape: dims, ...(dependence !== undefined && { dependence }) }]
    }),
  )
}

/**
 * Compares the first image's values with those from a second run. In that run, the image is alone, or with copies of
 * itself if the batch size is fixed. A second run also reveals values that are random.
 * @returns the relative distance between the two runs, for each output that differs. Only float32 outputs with one row
 * per image are compared.
 */
async function dependencesOf(
  session: InferenceSession,
  question: TrialQuestion,
  results: readonly (readonly [string, Tensor])[],
): Promise<ReadonlyMap<string, number>> {
  const [batch = 1, ...image] = question.input.shape
  const rows = results.flatMap(([name, { data, dims }]) =>
    data instanceof Float32Array && dims[0] === batch ? [{ name, row: data.subarray(0, data.length / batch) }] : [],
  )
  if (rows.length === 0) return new Map()
  const stated = session.inputMetadata.find(({ name }) => name === question.input.name)
  const isOpen = stated?.isTensor && typeof stated.shape[0] === 'string'
  const shape = [isOpen ? 1 : batch, ...image]
  const names = rows.map(({ name }) => name)
  const alone = await run(session, { ...question, input: { ...question.input, shape } }, names, () => 1)
  return new Map(
    rows.flatMap(({ name, row }) => {
      const { data } = alone[name] as Tensor
      const found = dependence(row, data as Float32Array)
      return found === undefined ? [] : [[name, found] as const]
    }),
  )
}

async function extents(session: InferenceSession, question: TrialQuestion): Promise<TrialAnswer> {
  await run(session, question, session.outputNames.slice(-1))
  session.endProfiling()
  const prefix = profilePrefix(question)
  const folder = dirname(prefix)
  const profile = (await readdir(folder)).find((name) => name.startsWith(basename(prefix))) as string
  const file = await open(join(folder, profile))
  return profiledTensors(file.readLines(), question.names)
}

/** Path of ONNX Runtime's profile, without the time that ONNX Runtime adds. Each number of images has its own profile. */
function profilePrefix({ path, input: { shape } }: TrialQuestion): string {
  return join(dirname(path), `profile-of-${shape[0]}-images`)
}

/**
 * Options to run a graph with many nodes once, and to write a profile. Without them, ONNX Runtime's plan of memory and
 * the statistics of its arena would take a time that grows with the square of the number of tensors.
 */
function profiling(question: TrialQuestion) {
  return {
    enableProfiling: true,
    profileFilePrefix: profilePrefix(question),
    enableMemPattern: false,
    enableCpuMemArena: false,
  } as const
}

async function run(
  session: InferenceSession,
  { model, input }: TrialQuestion,
  outputs: readonly string[],
  contrastOf: (image: number) => number = fading,
) {
  const { name, shape } = input
  try {
    const images = new Tensor('float32', pattern(shape, contrastOf), shape)
    return await session.run({ [name]: images }, [...outputs], quiet)
  } catch (error) {
    throw new InputError(
      `${model} does not run on input of shape [${shape.join(', ')}] (${oneLine(error)}); export it for this shape`,
      { cause: error },
    )
  }
}

async function opened(question: TrialQuestion): Promise<InferenceSession> {
  const { path, model, optimization, byExtents, written } = question
  try {
    prepareEnvironment()
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: optimization,
      ...(byExtents && profiling(question)),
      ...(written !== undefined && { optimizedModelFilePath: written }),
      ...quiet,
    })
  } catch (error) {
    throw new InputError(`ONNX Runtime cannot open ${model}: ${oneLine(error)}; export the network again`, {
      cause: error,
    })
  }
}

function checkNumbers(model: string, name: string, features: Float32Array): void {
  if (!features.some(Number.isNaN)) return
  throw new InputError(
    `layer "${printable(name)}" of ${model} gives NaN, so the network's weights are damaged; export the network again`,
  )
}

/**
 * Test images with many different pixel values, from −2 to 2 times the contrast. A blank image could lead to a division
 * by 0.
 */
function pattern([images = 1, ...image]: readonly number[], contrastOf: (image: number) => number): Float32Array {
  const length = image.reduce((product, size) => product * size, 1)
  return Float32Array.from({ length: images * length }, (_, i) => {
    const value = (((i % length) * 7919) % 256) / 64 - 2
    return value * contrastOf(Math.floor(i / length))
  })
}

/** Contrast of an image. It differs between images, so that statistics of a batch differ from those of one image. */
function fading(image: number): number {
  return 1 / (1 + image)
}
