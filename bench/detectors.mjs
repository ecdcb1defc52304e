/**
 * Runs a detector, with the nodes that Shiftscope adds, on the images that detectors.py wrote, and writes its detections.
 * With `raw`, it also runs the file as it is and writes its outputs. detectors.py compares both.
 *
 *     node bench/detectors.mjs FOLDER/NAME.onnx FOLDER [raw]
 */
import { openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ort from 'onnxruntime-node'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'

const [model, folder, raw] = process.argv.slice(2)
const name = basename(model, '.onnx')
const BATCH = 8
const network = await chooseNetwork({ model })
const { rows, cols } = network.input
const { places } = JSON.parse(readFileSync(join(folder, 'places.json'), 'utf8'))
const file = openSync(join(folder, 'input.bin'))
const plain = raw && (await ort.InferenceSession.create(model))
const headed = await ort.InferenceSession.create(network.onnxPath)

const written = new Map()
function keep(output, { data, dims }) {
  const { parts = [], shape = dims.slice(1) } = written.get(output) ?? {}
  written.set(output, { parts: [...parts, Buffer.from(new Float32Array(data).buffer)], shape })
}
for (let begin = 0; begin < places.length; begin += BATCH) {
  const size = Math.min(BATCH, places.length - begin)
  const pixels = new Float32Array(size * 3 * rows * cols)
  readSync(file, pixels, 0, pixels.byteLength, begin * 3 * rows * cols * 4)
  const images = new ort.Tensor('float32', pixels, [size, 3, rows, cols])
  const results = (await plain?.run({ [plain.inputNames[0]]: images })) ?? {}
  for (const [output, tensor] of Object.entries(results)) keep(output, tensor)
  const { layer } = network.detector
  keep('detections', (await headed.run({ [network.input.name]: images }, [layer]))[layer])
}
const outputs = Object.fromEntries([...written].map(([output, { shape }]) => [output, [places.length, ...shape]]))
for (const [output, { parts }] of written) writeFileSync(join(folder, `${name}-${output}.bin`), Buffer.concat(parts))
const { classes, detector } = network
writeFileSync(join(folder, `${name}.json`), JSON.stringify({ outputs, names: classes.names, detector }))
