/** Inspects the ONNX file that is named, and prints the names of its tensors. */
const { inspectModel } = await import('../../../dist/networks/models/inspection.js')

const { tensors } = await inspectModel(process.argv[2])
console.log(JSON.stringify(tensors.map(({ name }) => name)))
