/** Tries the ONNX file that is named, with an ONNX Runtime that crashes, and prints what is said of that. */
process.env.NODE_OPTIONS = `--import=${new URL('../../networks/processes/abortingSessions.mjs', import.meta.url).href}`
const { trialRun } = await import('../../../dist/onnx/trial/trialRun.js')

const model = { path: process.argv[2], name: 'plain.onnx', bytes: 0, optimization: 'basic' }
const asked = {
  input: { name: 'image', shape: [2, 3, 8, 8], divisor: 255, mean: [0, 0, 0], std: [1, 1, 1] },
  names: ['features'],
}
const error = await trialRun(model, asked).catch((reason) => reason)
console.log(JSON.stringify({ message: error.message, exitStatus: error.exitStatus }))
