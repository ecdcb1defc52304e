import { createRequire } from 'node:module'

/** ONNX Runtime as a file finds it that it has no answer to. */
const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
InferenceSession.create = () => process.abort()
