import { createRequire } from 'node:module'

/** A provider that leaves everything to the processor without a word. */
const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
const create = InferenceSession.create
InferenceSession.create = (path, options) => create(path, { ...options, executionProviders: ['cpu'] })

await import('../../../dist/engine/backends/processMain.js')
