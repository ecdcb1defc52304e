// Compares an exported network's outputs in ONNX Runtime with those that export.py or export_generators.py stored.
//   node check.mjs tiny-alexnet|tiny-deepsim-fc6|… [folder of the .onnx file]

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Largest difference that the order of float32 additions explains, relative to an output's largest value. */
const tolerance = 1e-4

const here = fileURLToPath(new URL('.', import.meta.url))
const [name = 'tiny-alexnet', folder = join(here, '..')] = process.argv.slice(2)
const shapes = JSON.parse(await readFile(join(here, 'work', `${name}.shapes.json`), 'utf8'))
const stored = async (value) => {
  const bytes = await readFile(join(here, 'work', `${name}.${value}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

const session = await InferenceSession.create(join(folder, `${name}.onnx`))
const [input] = session.inputNames
const outputs = await session.run({ [input]: new Tensor('float32', await stored(input), shapes[input]) })
for (const [output, { data, dims }] of Object.entries(outputs)) {
  const expected = await stored(output)
  if (data.length !== expected.length) throw new Error(`${output}: ${data.length} values, not ${expected.length}`)
  let difference = 0
  let largest = 0
  for (const [place, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs(value - data[place]))
    largest = Math.max(largest, Math.abs(value))
  }
  console.log(`${output} [${dims}]: relative difference ${(difference / largest).toExponential(1)}`)
  if (!(difference <= tolerance * largest)) process.exitCode = 1
}
