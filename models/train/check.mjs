// Compares an exported network, run by ONNX Runtime, with the outputs that export.py stored in work/.
//   node check.mjs tiny-alexnet [folder of the .onnx file]

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Largest difference that the order of float32 additions explains, relative to a layer's largest value. */
const tolerance = 1e-4

const here = fileURLToPath(new URL('.', import.meta.url))
const [name = 'tiny-alexnet', folder = join(here, '..')] = process.argv.slice(2)
const shapes = JSON.parse(await readFile(join(here, 'work', `${name}.shapes.json`), 'utf8'))
const stored = async (layer) => {
  const bytes = await readFile(join(here, 'work', `${name}.${layer}.f32`))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

const session = await InferenceSession.create(join(folder, `${name}.onnx`))
const outputs = await session.run({ image: new Tensor('float32', await stored('image'), shapes.image) })
for (const layer of ['fc6', 'fc7', 'fc8']) {
  const expected = await stored(layer)
  const actual = outputs[layer].data
  if (actual.length !== expected.length) throw new Error(`${layer}: ${actual.length} values, not ${expected.length}`)
  let difference = 0
  let largest = 0
  for (const [place, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs(value - actual[place]))
    largest = Math.max(largest, Math.abs(value))
  }
  console.log(`${layer} [${outputs[layer].dims}]: relative difference ${(difference / largest).toExponential(1)}`)
  if (!(difference <= tolerance * largest)) process.exitCode = 1
}
