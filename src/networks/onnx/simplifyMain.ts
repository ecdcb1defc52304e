import { InferenceSession } from 'onnxruntime-node'
import { answerConfined } from '../../childProcess/answering.js'
import { prepareEnvironment } from '../../support/machine.js'

/** The script of the child process in which ONNX Runtime simplifies graphs. */

export interface SimplifyQuestion {
  readonly path: string
  /** The files to write, one per pass. Each pass simplifies the graph of the pass before it. */
  readonly copies: readonly string[]
}

answerConfined<SimplifyQuestion, null>(async ({ path, copies }) => {
  prepareEnvironment()
  for (const [i, optimizedModelFilePath] of copies.entries()) {
    const session = await InferenceSession.create(copies[i - 1] ?? path, {
      executionProviders: ['cpu'],
      // Higher levels write nodes that only ONNX Runtime has.
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath,
      logSeverityLevel: 4,
    })
    await session.release()
  }
  return null
})
