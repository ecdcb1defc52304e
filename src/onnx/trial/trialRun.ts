import { resolve } from 'node:path'
import { ChildFailure } from '../../childProcess/child.js'
import { confined, type Limits } from '../../childProcess/confined.js'
import { InputError } from '../../errors.js'
import { workerFile } from '../../files/package.js'
import { type NetworkInput, OPTIMIZATIONS, type Optimization, type RunnableGraph } from '../../network.js'
import { machineMemory } from '../../support/machine.js'
import type { TrialAnswer, TrialInput, TrialQuestion } from './trialMain.js'

export interface TriedGraph {
  readonly path: string
  /** Folder with the graph's external data; by default the graph's own folder. */
  readonly dataFolder?: string
  /** ONNX Runtime's level of optimisation for the first attempt; the highest by default. */
  readonly optimization?: Optimization | undefined
  /** Name of the model in messages. */
  readonly name: string
  /** Size of the ONNX file and its data files together, in bytes. */
  readonly bytes: number
}

/** Result of a trial. `optimization` is absent if the highest level worked. */
export interface Trial extends Pick<RunnableGraph, 'optimization'> {
  readonly tensors: TrialAnswer
}

const trial = confined<TrialQuestion, TrialAnswer>(workerFile('onnx/trial/trialMain.js'))

/**
 * Runs a model to find the types and shapes of its outputs. An ONNX file need not state them, and often states them
 * wrongly. The trial has a process of its own, because even a small file can need unlimited time and memory, or crash
 * the process. Other processes run the model only after a successful trial. If ONNX Runtime crashes, the trial is
 * repeated at the next lower level of optimisation.
 * @returns the type and shape of each tensor, and how much an image's float32 values depend on the rest of the batch
 * @throws InputError if the model does not run on this input or within the limits, or if it gives NaN
 */
export async function trialRun(
  tried: TriedGraph,
  asked: Omit<TrialQuestion, 'path' | 'dataFolder' | 'model' | 'optimization'>,
  signal?: AbortSignal,
  limits = trialLimits(tried.bytes),
): Promise<Trial> {
  const { path, dataFolder, name, optimization = 'all' } = tried
  try {
    // The process may run in another folder, where relative paths would be wrong.
    const files = { path: resolve(path), ...(dataFolder !== undefined && { dataFolder: resolve(dataFolder) }) }
    const tensors = await trial({ ...files, model: name, optimization, ...asked }, limits, signal)
    return { tensors, ...(optimization !== 'all' && { optimization }) }
  } catch (error) {
    if (!(error instanceof ChildFailure)) throw error
    const lower = OPTIMIZATIONS[OPTIMIZATIONS.indexOf(optimization) + 1]
    // A lower level can prevent a crash. It does not save time or memory, so only crashes lead to another attempt.
    if (error.failing === 'crashed' && lower !== undefined)
      return trialRun({ ...tried, optimization: lower }, asked, signal, limits)
    const isTooLarge = error.failing === 'late' || error.failing === 'killed'
    const remedy = isTooLarge ? 'use a smaller network, or smaller images' : 'export it again'
    throw new InputError(
      `${name} does not run on input of shape [${asked.input.shape.join(', ')}] (${error.message}); ${remedy}`,
      { cause: error },
    )
  }
}

export interface TrialBatch<T> {
  readonly shown: T
  readonly batch: number
  /** Number of images that the graph needs in each run; null if it takes any number of images. */
  readonly fixedBatch: number | null
}

/**
 * Tries a graph with its fixed number of images, or with two if it has none. Some graphs claim to take any number of
 * images, but work only with the number that they were exported with. If two images fail, the graph is tried with one.
 * @param stated the fixed number of images that the graph states; null if it claims to take any number
 * @param isWhole whether a trial with two images gave outputs for two images
 */
export async function tryBatches<T>(
  stated: number | null,
  attempt: (batch: number) => Promise<T>,
  isWhole: (shown: T) => boolean,
): Promise<TrialBatch<T>> {
  if (stated !== null) return { shown: await attempt(stated), batch: stated, fixedBatch: stated }
  try {
    const shown = await attempt(2)
    if (isWhole(shown)) return { shown, batch: 2, fixedBatch: null }
  } catch (error) {
    // After a crash or a timeout, the trial is not repeated with one image.
    if (!(error instanceof InputError) || error.cause instanceof ChildFailure) throw error
  }
  return { shown: await attempt(1), batch: 1, fixedBatch: 1 }
}

export function trialInput({ name, rows, cols, divisor, mean, std }: NetworkInput, batch: number): TrialInput {
  return { name, shape: [batch, 3, rows, cols], divisor, mean, std }
}

/**
 * Limits of time and memory for a trial. A trial runs up to ten images. For these, a ViT-L takes seconds on two
 * cores, or five minutes on one slow core. Opening a model takes a second for every few hundred megabytes of
 * weights. It needs twice as much memory as the weights. Half of the machine's memory is enough for all activations of
 * a network on large images.
 * @param bytes size of the model's files
 */
export function trialLimits(bytes: number, memory = machineMemory()): Limits {
  return { seconds: 360 + Math.round(bytes / 1e7), bytes: Math.min(memory / 2 + 2 * bytes, (memory * 3) / 4) }
}
