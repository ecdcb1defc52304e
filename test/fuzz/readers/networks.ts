import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openNetwork } from '../../../src/features/openNetwork.js'
import { inspectModel } from '../../../src/networks/models/inspection.js'
import { writeReport } from '../../../src/report/report.js'
import { writeUnit } from '../../../src/results/store/units.js'
import { type Unit, unitSchema } from '../../../src/results/unit/schema.js'
import { arraysOf, madeUnit } from '../../support/unit.js'
import type { Files, Reader } from '../reader.js'
import { arithmeticGolden } from './documents.js'
import { goldens, parsed, sealedText } from './goldens.js'

const onnxWords = ['Conv', 'Relu', 'MaxPool', 'Softmax', 'Loop', 'ConstantOfShape', 'image', 'encoder', 'layer', 'fc6']

async function readNetwork(folder: string): Promise<void> {
  const path = join(folder, 'case.onnx')
  const { tensors } = await inspectModel(path)
  assert(tensors.every(({ dims }) => Number.isSafeInteger(dims)))
  const network = await openNetwork(path, { device: 'cpu' })
  await network.close()
  assert(network.network.layers.every(({ dims }) => dims > 0))
}

type Made = Omit<Unit, 'arrays'>

/** Stores units as the program could have written them; one that it refuses is left out. */
async function storeUnits(results: string, text: unknown): Promise<void> {
  for (const unit of Object.values(parsed(text)) as Made[]) {
    if (!unitSchema.safeParse({ ...unit, arrays: {} }).success) continue
    const isSmall = unit.rows * unit.cols <= 10_000 && unit.layers.every(({ dims }) => dims <= 1000)
    if (!isSmall || unit.inputs.keepsFeatures) continue
    const length = unit.layers.length * 5 * unit.rows * unit.cols
    const maps = Float32Array.from({ length }, (_, i) => 0.5 + (i % 50) / 100)
    await writeUnit(results, unit, arraysOf(unit, maps))
  }
}

async function readReport(folder: string, { 'units.json': units, ...files }: Files): Promise<void> {
  const results = join(folder, 'results')
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(results, name)), { recursive: true })
    writeFileSync(join(results, name), content)
  }
  await storeUnits(results, units)
  await writeReport(results)
}

const studied = [
  madeUnit(),
  madeUnit({ patch: 'dog', category: 'dog' }),
  madeUnit({ model: 'net', stride: 4, separability: { loss: 'hinge', C: 1, seed: 0, cv: ['ordered'] } }),
].map(({ unit }) => unit)

/** ONNX files that are run, each in a process that can be killed. */
export const networks: Reader = {
  name: 'networks',
  goldens: goldens('onnx', /^(plain|open-size|bytes)\.onnx$/, 'case.onnx'),
  words: onnxWords,
  isExpensive: true,
  read: readNetwork,
}

/** Results folders of odd names and numbers, up to the report. */
export const reports: Reader = {
  name: 'reports',
  goldens: async (folder) => [{ 'units.json': JSON.stringify(studied), ...(await arithmeticGolden(folder))[0] }],
  words: ['alexnet', 'vgg16', 'fc7', 'hinge', 'shuffled'],
  mend: (bytes, name) => (name === 'units.json' ? bytes : sealedText(bytes)),
  isExpensive: true,
  read: readReport,
}
