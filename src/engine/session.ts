import * as ort from 'onnxruntime-node'

/** Opens a network on the processor with a number of threads of its own. */
export function openSession(onnxPath: string, threads: number): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  })
}
