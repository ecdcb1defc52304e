import * as ort from 'onnxruntime-node'
import type { RunnableGraph } from '../../networks/index.js'
import { prepareEnvironment } from '../../support/machine.js'
import { type Device, executionProviders } from '../device.js'

/**
 * Opens a graph; on the processor, with a number of threads of its own.
 * @param isPooled whether memory of a run is kept for the next one, which is of use where its tensors are of the same sizes
 */
export function openSession(
  { onnxPath, optimization = 'all' }: RunnableGraph,
  threads: number,
  device: Device = { name: 'cpu', index: 0 },
  isPooled = true,
): Promise<ort.InferenceSession> {
  prepareEnvironment()
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: executionProviders(device),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: isPooled,
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
  })
}
