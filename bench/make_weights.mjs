/**
 * Writes made-up weights for a known network, so that its speed can be measured without the published file. The speed
 * does not depend on the values, unless they enlarge rounding so much that reuse is refused (a note says so).
 *
 *   npm run build && node bench/make_weights.mjs resnet50 resnet50.safetensors
 *   npx shiftscope bench unit --models resnet50 --weights resnet50=resnet50.safetensors
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { architectures } from '../dist/networks/architectures/architectures.js'
import { parametersOf } from '../dist/networks/architectures/layer.js'

const BLUR = [1, 4, 6, 4, 1]

const [id, path] = process.argv.slice(2)
const layers = architectures.find((architecture) => architecture.id === id)?.layers
if (layers === undefined || path === undefined) {
  const known = architectures.map((architecture) => architecture.id).join(', ')
  console.error(`usage: node bench/make_weights.mjs NETWORK FILE.safetensors; NETWORK is one of ${known}`)
  process.exit(2)
}

const parameters = parametersOf(layers)
let end = 0
const header = {}
for (const { key, shape } of parameters) {
  const begin = end
  end += 4 * product(shape)
  header[key] = { dtype: 'F32', shape, data_offsets: [begin, end] }
}
const json = Buffer.from(JSON.stringify(header))
const length = Buffer.alloc(8)
length.writeBigUInt64LE(BigInt(json.length))
const file = createWriteStream(path)
for (const piece of [length, json]) file.write(piece)
for (const { key, shape } of parameters) {
  if (!file.write(Buffer.from(valuesOf(key, shape).buffer))) await once(file, 'drain')
}
file.end()
await once(file, 'finish')

/** Weights by He initialisation, batch-normalisation statistics around 1, and the binomial filter for blurs. */
function valuesOf(key, shape) {
  const values = new Float32Array(product(shape))
  const name = key.slice(key.lastIndexOf('.') + 1)
  const scale = Math.sqrt(6 / (values.length / shape[0]))
  for (let i = 0; i < values.length; i++) {
    if (name === 'filt') values[i] = (BLUR[Math.floor(i / 5) % 5] * BLUR[i % 5]) / 256
    else if (shape.length > 1) values[i] = (2 * Math.random() - 1) * scale
    else values[i] = name === 'weight' || name === 'running_var' ? 0.5 + Math.random() : 0.5 * Math.random() - 0.25
  }
  return values
}

function product(shape) {
  return shape.reduce((size, extent) => size * extent, 1)
}
