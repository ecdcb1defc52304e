// Updates the entries of the embedded files in ../catalog.json: SHA-256 and the norms for `shiftscope models verify`;
// for networks also the number of training samples and the accuracies.
//   node catalog.mjs          after export.py and export_generators.py

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOnnxFile } from '../../dist/onnx/format/onnxFile.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const path = join(root, 'models/catalog.json')
const catalog = JSON.parse(readFileSync(path, 'utf8'))
const embedded = [...catalog.networks, ...catalog.generators].filter(({ kind }) => kind === 'embedded')
const write = () => writeFileSync(path, `${JSON.stringify(catalog, null, 2)}\n`)

for (const entry of embedded) {
  const file = join(root, entry.file)
  entry.sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  for (const one of entry.layers ?? [entry]) one.norm = null
  if (entry.layers === undefined) continue
  const { samples, accuracy } = JSON.parse(readOnnxFile(file).metadata.get('training'))
  const rounded = (share) => Number(share.toFixed(4))
  entry.samples = samples
  entry.accuracy = { white: rounded(accuracy.white_top1), mixed: rounded(accuracy.mixed_top1) }
}
write()
for (const entry of embedded) {
  const words = [join(root, 'dist/cli/main.js'), 'models', 'verify', entry.id, '--json']
  const { layers } = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }))
  for (const [i, one] of (entry.layers ?? [entry]).entries()) one.norm = Number(layers[i].norm.toPrecision(7))
}
write()
