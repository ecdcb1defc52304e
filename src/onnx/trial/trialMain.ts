import { open, readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { answerConfined } from '../../childProcess/answering.js'
import { InputError } from '../../errors.js'
import type { NetworkInput, Optimization } from '../../network.js'
import { prepareEnvironment } from '../../support/machine.js'
import { oneLine, printable } from '../../support/text.js'
import type { Dependence, ShownTensor } from '../graph/shownTensor.js'
import { profiledTensors } from './extentNodes.js'
import { dependentDistance, tellsApart } from './independence.js'
import { FIRST, inOrder, pictureInput, SECOND, type TrialPicture } from './trialPictures.js'

/** The script of the child process that runs models that are not trusted yet. */

export interface TrialQuestion {
  readonly path: string
  /** Name of the model in messages. */
  readonly model: string
  /** Folder with the graph's external data; by default the graph's own folder. */
  readonly dataFolder?: string | undefined
  /** The float32 input to run, images [batch, 3, rows, cols], and how their values are made from pixels. */
  readonly input: TrialInput
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

export interface TrialInput extends Pick<NetworkInput, 'name' | 'divisor' | 'mean' | 'std'> {
  readonly shape: readonly number[]
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

/** A run of the network: the pictures, and what the network gives for them. */
interface Run {
  readonly pictures: readonly TrialPicture[]
  readonly results: Readonly<Record<string, Tensor>>
}

async function values(session: InferenceSession, question: TrialQuestion): Promise<TrialAnswer> {
  const first = await run(session, question, question.names, inOrder(FIRST, question.input.shape[0]))
  const results = Object.entries(first.results)
  for (const [name, { data }] of results) if (data instanceof Float32Array) checkNumbers(question.model, name, data)
  // A graph that is only rewritten belongs to a network that was already compared.
  const dependences = question.written === undefined ? await dependencesOf(session, question, first) : new Map()
  return new Map(
    results.map(([name, { type, dims }]) => {
      const dependence = dependences.get(name)
      return [name, { type, shape: dims, ...(dependence !== undefined && { dependence }) }]
    }),
  )
}

/**
 * Compares the values of every image in two batches of unlike pictures with those of the image alone. If the batch size
 * is fixed, an image is alone with copies of itself. A batch of one image runs twice, which reveals random values.
 * @returns the dependence of each output that differs. Only float32 outputs with one row per image are compared.
 */
async function dependencesOf(
  session: InferenceSession,
  question: TrialQuestion,
  first: Run,
): Promise<ReadonlyMap<string, Dependence>> {
  const count = first.pictures.length
  const names = Object.entries(first.results).flatMap(([name, { data, dims }]) =>
    data instanceof Float32Array && dims[0] === count ? [name] : [],
  )
  if (names.length === 0) return new Map()
  const isOpen = count > 1 && takesAnyBatch(session, question)
  const runOn = (pictures: readonly TrialPicture[]) => run(session, question, names, pictures)
  const runAlone = (picture: TrialPicture) => runOn(new Array<TrialPicture>(isOpen ? 1 : count).fill(picture))
  const batches = [first, ...(count > 1 ? [await runOn(inOrder(SECOND, isOpen ? SECOND.length : count))] : [])]
  const alone = new Map<TrialPicture, Run>()
  for (const picture of new Set(batches.flatMap(({ pictures }) => pictures)))
    alone.set(picture, await runAlone(picture))
  const differing = names.flatMap((name) => {
    const pairs = batches.flatMap((batch) =>
      batch.pictures.map((picture, i) => [rowOf(batch, name, i), rowOf(alone.get(picture)!, name, 0)] as const),
    )
    const distance = dependentDistance(pairs)
    return distance === undefined ? [] : [{ name, distance }]
  })
  if (differing.length === 0) return new Map()
  const [picture, one] = [...alone][0]!
  const again = await runAlone(picture)
  return new Map(
    differing.map(({ name, distance }) => {
      const isRandom = dependentDistance([[rowOf(again, name, 0), rowOf(one, name, 0)]]) !== undefined
      const tells = tellsApart([...alone.values()].map((own) => rowOf(own, name, 0)))
      return [name, { distance, hasOwnValues: tells && !isRandom }]
    }),
  )
}

function takesAnyBatch({ inputMetadata }: InferenceSession, { input }: TrialQuestion): boolean {
  const stated = inputMetadata.find(({ name }) => name === input.name)
  return stated?.isTensor === true && typeof stated.shape[0] === 'string'
}

function rowOf({ pictures, results }: Run, name: string, row: number): Float32Array {
  const { data } = results[name]!
  const length = data.length / pictures.length
  return (data as Float32Array).subarray(row * length, (row + 1) * length)
}

async function extents(session: InferenceSession, question: TrialQuestion): Promise<TrialAnswer> {
  await run(session, question, session.outputNames.slice(-1), inOrder(FIRST, question.input.shape[0]))
  session.endProfiling()
  const prefix = profilePrefix(question)
  const folder = dirname(prefix)
  const profile = (await readdir(folder)).find((name) => name.startsWith(basename(prefix)))!
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
  pictures: readonly TrialPicture[],
): Promise<Run> {
  const { name } = input
  const shape = [pictures.length, ...input.shape.slice(1)]
  try {
    const images = new Tensor('float32', pictureInput(pictures, input.shape.slice(1), input), shape)
    return { pictures, results: await session.run({ [name]: images }, [...outputs], quiet) }
  } catch (error) {
    throw new InputError(
      `${model} does not run on input of shape [${shape.join(', ')}] (${oneLine(error)}); export it for this shape`,
      { cause: error },
    )
  }
}

async function opened(question: TrialQuestion): Promise<InferenceSession> {
  const { path, model, dataFolder, optimization, byExtents, written } = question
  try {
    prepareEnvironment()
    const options: InferenceSession.SessionOptions = {
      executionProviders: ['cpu'],
      graphOptimizationLevel: optimization,
      ...(byExtents && profiling(question)),
      ...(written !== undefined && { optimizedModelFilePath: written }),
      ...quiet,
    }
    if (dataFolder === undefined) return await InferenceSession.create(path, options)
    // ONNX Runtime takes data from another folder only for a graph that is given as bytes. It refuses links.
    const extra = { session: { model_external_initializers_file_folder_path: dataFolder } }
    return await InferenceSession.create(await readFile(path), { ...options, extra })
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
