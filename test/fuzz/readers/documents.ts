import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare } from '../../../src/compare/compare.js'
import { partVersion } from '../../../src/download/part.js'
import { ARITHMETIC_SCENES } from '../../../src/experiments/arithmetic/scenes.js'
import { similarity } from '../../../src/features/similarity.js'
import { openLocks } from '../../../src/files/lock.js'
import { encodeNpy } from '../../../src/files/npy.js'
import { thisOwner } from '../../../src/files/owner.js'
import { sha256 } from '../../../src/files/sha256.js'
import { statedNames } from '../../../src/networks/classes/names.js'
import { hubModelFile, listHubModels, writeHubManifest } from '../../../src/networks/hub/manifest.js'
import { inputRecipe } from '../../../src/networks/input/recipe.js'
import { classesOf } from '../../../src/networks/open/classes.js'
import { keepSetup, storedSetup } from '../../../src/networks/open/graphSetup.js'
import { parseHubReference } from '../../../src/networks/reference/hubReference.js'
import { parseReference } from '../../../src/networks/reference/reference.js'
import { readHashedOnnx } from '../../../src/onnx/format/onnxFile.js'
import { type Model, modelMessage } from '../../../src/onnx/format/onnxModel.js'
import { patchesFrom } from '../../../src/patches/collection.js'
import { ownPictures } from '../../../src/patches/ownPatches.js'
import { findPhotographs } from '../../../src/patches/photographs.js'
import { readAnsweredNetworks } from '../../../src/results/answers/read.js'
import {
  type AccuracyDocument,
  writeAccuracy,
  writeArithmeticDocument,
} from '../../../src/results/arithmetic/document.js'
import { arithmeticRows } from '../../../src/results/arithmetic/rows.js'
import {
  accuracyPath,
  arithmeticFolder,
  readArithmeticStudies,
  type StoredExpression,
} from '../../../src/results/arithmetic/study.js'
import { groupRows } from '../../../src/results/measures/rows.js'
import { openUnit } from '../../../src/results/store/openUnit.js'
import { findUnit, unitFolder, writeUnit } from '../../../src/results/store/units.js'
import { readLabels, rightClasses } from '../../../src/study/answers/labels.js'
import { lastReport, readRun, writeRunFile } from '../../../src/study/items/runFile.js'
import { studyStatus } from '../../../src/study/status.js'
import { countsOf, studyOf } from '../../support/arithmeticStudy.js'
import { writeConsistencyFolder } from '../../support/consistencyFolder.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { metadataFields } from '../../support/modelMetadata.js'
import { storeAnswers } from '../../support/storedAnswers.js'
import { arraysOf, inputs, madeUnit } from '../../support/unit.js'
import type { Files, Reader } from '../reader.js'
import { filesBelow, parsed, sealedText } from './goldens.js'

const json = JSON.stringify

const layers = [{ name: 'logits', dims: 3 }]

function modelFile(properties: Readonly<Record<string, string>> = {}): Buffer {
  const shapes = { inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }], outputs: [{ name: 'logits', shape: [1, 3] }] }
  const model: Model = { name: 'case', ...shapes, initializers: [], nodes: [] }
  return Buffer.concat([...modelMessage(model), ...metadataFields(properties)] as Uint8Array[])
}

/** What a model and the files beside it say of its input and of its classes. */
async function readDescriptions(folder: string): Promise<void> {
  const onnx = await readHashedOnnx(join(folder, 'model.onnx'))
  const folders = [folder, join(folder, 'onnx')]
  const { mean, std, divisor, size } = await inputRecipe(onnx, folders, {}, { bytes: false, grey: false })
  assert([...mean, ...std, divisor].every(Number.isFinite) && [...std, divisor].every((value) => value > 0))
  assert([mean.length, std.length].every((length) => length === 3))
  assert(size === null || (Number.isInteger(size) && size > 0 && size <= 4096), `size ${size}`)
  const reference = parseReference({ model: onnx.path })
  const lists = await statedNames(onnx, folders)
  const { names } = classesOf({ reference, onnx, names: lists, name: onnx.path }, layers) ?? { names: ['', '', ''] }
  assert(names.length === 3 && names.every((name) => typeof name === 'string'))
}

const triple = [0.5, 0.25, 1]
const recipe = { size: 9, mean: triple, std: triple, range: 255, order: 'bgr', layout: 'nhwc' }
const classes = ['ant', 'bee', 'cat']
const described: readonly Files[] = [
  { 'model.input.json': json(recipe) },
  { 'model.input.json': json({ preset: 'clip' }) },
  {
    'onnx/preprocessor_config.json': json({
      ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, image_mean: triple, image_std: triple },
      ...{ do_flip_channel_order: false, size: { shortest_edge: 256 }, do_center_crop: true, crop_size: 224 },
    }),
  },
  { 'config.json': json({ pretrained_cfg: { input_size: [3, 224, 224], mean: triple, std: triple } }) },
  { 'model.labels.json': json(classes) },
  { 'config.json': json({ id2label: { ...classes } }) },
  { 'labels.json': json({ label_names: classes }) },
  {
    'model.onnx': modelFile({
      ...{ 'shiftscope.input': json(recipe), classes: json({ ...classes }) },
      ...{ 'Image.NominalPixelRange': 'NominalRange_0_255', 'Image.BitmapPixelFormat': 'Bgr8' },
    }),
  },
].map((files) => ({ 'model.onnx': modelFile(), ...files }))

const manifest = {
  ...{ shiftscope: '0.1.0', kind: 'images', failed: [] },
  patches: [
    { name: 'a', file: 'native/a.png', category: 'dog', sizes: { 75: '75/a.png', 125: 'a.png' }, alpha: 'hard' },
    { name: 'b', file: 'native/b.png' },
  ],
}

async function readManifest(folder: string): Promise<void> {
  const patches = await patchesFrom(join(folder, 'manifest.json'))
  const paths = patches.flatMap(({ path, sizes }) => [path, ...Object.values(sizes ?? {})])
  for (const path of paths) assert(`${path}/`.startsWith(`${folder}/`), `${path} is outside`)
}

const photographLists: readonly Files[] = [{ 'list.txt': 'a.png\r\n\nb.png\na.png\n', 'a.png': '', 'b.png': '' }]

/** A list may name any file, and each once. */
async function readPhotographList(folder: string): Promise<void> {
  const names = (await findPhotographs(join(folder, 'list.txt'))).map(({ name }) => name)
  assert(names.length > 0 && new Set(names).size === names.length)
}

const labelFiles: readonly Files[] = [
  { 'labels.csv': 'file,class\r\na.png,cat\n"b.png","dog;2"\n' },
  { 'labels.csv': '\ufeffa.png,0,"x ""y"", z"\nb.png,\n' },
]

/** Labels name photographs that are there and classes that the network has. */
async function readLabelFile(folder: string): Promise<void> {
  const files = ['a.png', 'b.png'].map((name) => ({ name, path: join(folder, name) }))
  const network = { id: 'network', classes: { names: ['cat', 'dog', 'bird, ant'] } }
  const labels = await readLabels(join(folder, 'labels.csv'), files, [network], () => undefined)
  assert(labels !== undefined && labels.of.size > 0)
  for (const [name, right] of rightClasses(labels, network)) {
    assert(files.some((file) => file.name === name))
    assert(right.length > 0 && right.every((index) => network.classes.names[index] !== undefined))
  }
}

async function answersGolden(folder: string): Promise<readonly Files[]> {
  await storeAnswers(folder, [{ name: 'a.png', label: 'ant', right: [0], rightProbability: 0.5 }])
  await storeAnswers(folder, [{ name: 'a.png', answers: [0, 1] }], { protocol: 'crop' })
  return [filesBelow(folder)]
}

/** Each photograph has a value of each measure, and answers. */
async function readAnswers(folder: string): Promise<void> {
  for (const { measures, photographs, protocols, answersTo } of await readAnsweredNetworks(folder)) {
    assert(measures.every(({ mean }) => mean === null || Number.isFinite(mean)))
    for (const { sha256, values } of photographs) {
      assert(values.length === measures.length)
      for (const protocol of protocols) assert(((await answersTo(protocol.name, sha256))?.answers.length ?? 1) > 0)
    }
  }
}

/** A folder of pictures of these names, as far as files can have them. */
async function readPictureNames(folder: string, { 'names.json': names }: Files): Promise<void> {
  const pictures = join(folder, 'pictures')
  mkdirSync(pictures)
  for (const name of Object.values(parsed(names)))
    if (typeof name === 'string' && !/[/\0\p{Cs}]|^\.{0,2}$/u.test(name) && Buffer.byteLength(name) < 256)
      writeFileSync(join(pictures, name), '')
  await patchesFrom(pictures)
  await ownPictures(pictures)
}

async function unitGolden(results: string): Promise<readonly Files[]> {
  const { unit, maps } = madeUnit()
  await writeUnit(results, unit, arraysOf(unit, maps))
  return [filesBelow(results)]
}

async function readUnit(results: string): Promise<void> {
  await findUnit(results, inputs)
  const unit = await openUnit(results, unitFolder(results, inputs))
  await unit.maps()
  for (const { name } of unit.layers) await unit.anchorFeatures(name)
  const rows = groupRows(unit.inputs, [{ patch: unit.inputs.patch, numbers: await unit.measures() }], [])
  assert(rows.every(({ mean }) => Number.isFinite(mean)))
}

/** Arithmetic of a results folder: an expression, and the counts of random ones. */
export async function arithmeticGolden(results: string): Promise<readonly Files[]> {
  const { scenes, accuracy } = studyOf('net', [countsOf(), countsOf({ reference: 'pixels' })])
  const { document } = scenes[0] as StoredExpression
  const files = {
    ...{ result: 'result.npy', operands: 'operands.npy', decodedOperands: ['a.png'], decodedResult: 'result.png' },
    ...{ decodedFromOther: 'other.png', decodedExpectation: 'expectation.png' },
  }
  const picture = { file: 'operand.png' }
  const scene = join(arithmeticFolder(results, 'net'), ARITHMETIC_SCENES[0]?.name ?? '')
  mkdirSync(scene, { recursive: true })
  writeFileSync(join(scene, 'result.npy'), 'features')
  await writeArithmeticDocument(scene, {
    ...document,
    ...{ layers: document.layers.map((layer) => ({ ...layer, files })), files: { 'result.npy': sha256('features') } },
    ...{ operands: document.operands.map((one) => ({ ...one, ...picture })) },
    expectation: { ...document.expectation, ...picture },
  })
  await writeAccuracy(accuracyPath(results, 'net'), accuracy as AccuracyDocument)
  return [filesBelow(results)]
}

async function readArithmetic(results: string): Promise<void> {
  const rows = arithmeticRows(await readArithmeticStudies(results))
  assert(rows.every(({ mean }) => Number.isFinite(mean)))
}

async function comparedGolden(folder: string): Promise<readonly Files[]> {
  return [filesBelow(await writeConsistencyFolder(folder, { net: { 'a.jpg': [0.25, 0.5], 'b.jpg': [0, 0.25] } }))]
}

/** A folder is compared with itself. */
async function readComparison(folder: string): Promise<void> {
  const { networks } = await compare(folder, folder)
  const numbers = networks.flatMap(({ measures }) =>
    measures.flatMap(({ before, after, difference, interval }) => [before, after, difference, ...(interval ?? [])]),
  )
  assert(numbers.every(Number.isFinite))
}

const owner = { id: '0123456789abcdef', host: 'node1', machine: 'node1 0 0', pid: 4711, started: '1' }
const time = '2026-01-01T00:00:00.000Z'
const run = {
  ...{ shiftscope: '0.1.0', process: owner, computed: 1, started: time, finished: null, report: 'stamp' },
  settings: { alexnet: { workers: 2, threads: 1, batch: 8, imagesPerSecond: 20.5 } },
  planned: [{ model: 'alexnet', size: 125, images: 100, patches: ['dog', 'car'], inputs: {} }],
}
const lock = { owner, state: { unit: 'alexnet 125 dog', since: time, images: 100, seconds: 10 } }

const runs = {
  'run.json': json({ ...run, earlier: [run] }),
  '.locks/alexnet 125 dog~0': json(lock),
  '.locks/other~7': json(lock).padEnd(2048),
}

async function readRuns(results: string): Promise<void> {
  const path = join(results, 'run.json')
  await lastReport(path)
  const { units } = await studyStatus(results)
  assert(Object.values(units).every((count) => Number.isInteger(count) && count >= 0))
  const own = thisOwner()
  await writeRunFile(path, { networks: [], process: own, settings: {}, computed: 1, finished: null })
  assert.equal((await readRun(path))?.process.id, own.id)
  const locks = openLocks(results)
  try {
    await locks.held()
    await locks.take('alexnet 125 dog')
  } finally {
    await locks.close()
  }
}

const values = Float32Array.from({ length: 36 }, (_, i) => 1 + (i % 7))
const features = Buffer.concat(encodeNpy([3, 3, 4], values))
const atAnchors = Buffer.concat(encodeNpy([5, 4], values.subarray(0, 20)))
const extraction = {
  ...{ shiftscope: '0.1.0', model: 'net', frame: 10, size: 5, stride: 2, rows: 3, cols: 3 },
  layers: [{ name: 'fc6', dims: 4, file: 'fc6.npy', sha256: sha256(features), anchors: { sha256: sha256(atAnchors) } }],
}

const extractionFiles = { 'extract.json': json(extraction), 'fc6.npy': features, 'anchors-fc6.npy': atAnchors }

async function readExtraction(folder: string): Promise<void> {
  const { anchors, maps } = await similarity(join(folder, 'fc6.npy'), { threads: 1, device: 'cpu' })
  const isWithin = Object.values(anchors).every(({ row, col }) => row >= 0 && row < 3 && col >= 0 && col < 3)
  assert(isWithin && maps.every(Number.isFinite))
}

const commit = 'c0ffee'.padEnd(40, '0')
const reference = parseHubReference('hf:owner/name')
const key = { sha256: '0', choice: {} }

/** What the cache keeps beside graphs, models of the hub and parts of downloads. */
async function cacheGolden(folder: string): Promise<readonly Files[]> {
  const graph = join(folder, 'cache/graphs/graph.onnx')
  const input = { ...imagenetInput, name: 'image', rows: 8, cols: 8 }
  await keepSetup(join(folder, 'model.onnx'), key, {
    ...{ onnxPath: graph, input, layers: [{ name: 'logits', dims: 3, isMap: true }], pool: 'mean' },
  })
  const model = modelFile()
  const file = { path: 'model.onnx', bytes: model.length, sha256: sha256(model), blob: '0'.repeat(40) }
  await writeHubManifest(reference, { commit, licence: 'mit', files: new Map([[file.path, file]]) })
  const files = filesBelow(folder)
  const version = json({ etag: '"one"', lastModified: null, bytes: 5 })
  const whole = { 'cache/graphs/graph.onnx': 'graph', 'cache/graphs/graph.onnx.sha256': sha256('graph') }
  return [{ ...files, ...whole, [`cache/hub/owner--name/${commit}/model.onnx`]: model, 'part.json': version }]
}

async function readCache(folder: string): Promise<void> {
  await storedSetup(join(folder, 'model.onnx'), key)
  await partVersion(join(folder, 'part'))
  await hubModelFile(reference.text)
  await listHubModels()
}

/** Documents beside models, in results folders and in the cache. */
export const documents: readonly Reader[] = [
  { name: 'descriptions', goldens: described, words: Object.keys(recipe), read: readDescriptions },
  { name: 'manifests', goldens: [{ 'manifest.json': json(manifest) }], read: readManifest },
  { name: 'answers', goldens: answersGolden, mend: sealedText, read: readAnswers },
  {
    name: 'comparisons',
    goldens: comparedGolden,
    mend: sealedText,
    read: readComparison,
  },
  { name: 'photographs', goldens: photographLists, opensAnything: true, read: readPhotographList },
  {
    name: 'labels',
    goldens: labelFiles,
    words: ['class', 'path', ',', ';', '"', '\n', 'n01440764'],
    read: readLabelFile,
  },
  {
    name: 'picture-names',
    goldens: [{ 'names.json': json(['dog.png', 'cat.jpg', 'cat.mask.png', 'a.b.svg']) }],
    words: ['.hidden.png', 'dog.PNG', '.mask.png', 'dog.txt', 'dog.mask.mask.png'],
    read: readPictureNames,
  },
  { name: 'units', goldens: unitGolden, mend: sealedText, read: readUnit },
  { name: 'arithmetic', goldens: arithmeticGolden, mend: sealedText, read: readArithmetic },
  { name: 'runs', goldens: [runs], readsBeyondEnds: true, read: readRuns },
  { name: 'extractions', goldens: [extractionFiles], read: readExtraction },
  { name: 'cache', goldens: cacheGolden, read: readCache },
]
