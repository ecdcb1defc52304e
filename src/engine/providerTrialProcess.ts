import * as ort from 'onnxruntime-node'
import type { NetworkInput } from '../networks/index.js'

/** Child process of `tryProvider`: runs one image through a network and prints the milliseconds as JSON. */
const { provider, onnxPath, input } = JSON.parse(process.argv[2] as string) as {
  provider: string
  onnxPath: string
  input: NetworkInput
}

try {
  const session = await ort.InferenceSession.create(onnxPath, { executionProviders: [provider], logSeverityLevel: 3 })
  const batch = input.batch ?? 1
  const image = new ort.Tensor('float32', new Float32Array(batch * 3 * input.rows * input.cols), [
    batch,
    3,
    input.rows,
    input.cols,
  ])
  await session.run({ [input.name]: image })
  const start = performance.now()
  await session.run({ [input.name]: image })
  process.stdout.write(JSON.stringify({ milliseconds: performance.now() - start }))
  process.exit(0)
} catch (error) {
  process.stderr.write(`error: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}\n`)
  process.exit(1)
}
