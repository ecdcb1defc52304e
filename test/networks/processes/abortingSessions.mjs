import { createRequire } from 'node:module'
import { join } from 'node:path'

/** ONNX Runtime as a file finds it that it has no answer to. */
const { InferenceSession } = createRequire(join(process.cwd(), 'package.json'))('onnxruntime-node')
InferenceSession.create = () => process.abort()
