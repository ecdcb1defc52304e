import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFile } from '../../../src/files/openFile.js'
import { type Checkpoint, readCheckpoint } from '../../../src/networks/checkpoint/checkpoint.js'
import { recogniseCheckpoint } from '../../../src/networks/recognition.js'
import { integer, op, text, writeTorchZipOf } from '../../support/torchFile.js'
import { goldenFiles } from '../goldens.js'
import { mutate, oddNumber } from '../mutation.js'
import { drawPickle, storageElements } from '../pickles.js'
import { drawCaffeModel } from '../protobufs.js'
import type { Random } from '../random.js'
import { type FuzzCase, placeFiles, type Reader } from '../reader.js'

const formats = ['zip', 'legacy', 'tar', 'safetensors', 'caffemodel'] as const
type Format = (typeof formats)[number]

const extensions: Readonly<Record<Format, string>> = {
  zip: '.pth',
  legacy: '.pth',
  tar: '.pth.tar',
  safetensors: '.safetensors',
  caffemodel: '.caffemodel',
}

const maximumTensors = 12

/** Checkpoints of all formats: their tensors, and which network they are of. */
export const checkpoints: Reader = {
  name: 'checkpoints',
  open: (folder) => {
    const corpus = readCorpus()
    const scratch = join(folder, 'scratch')
    return {
      draw: (random) => drawCase(random, corpus, scratch),
      read: async (drawn) => {
        placeFiles(folder, drawn)
        return readTensors(join(folder, Object.keys(drawn.files)[0] as string))
      },
    }
  },
}

async function readTensors(path: string): Promise<string[]> {
  const { tensors, faults } = await withFile(path, async (file) => {
    const { tensors } = await readCheckpoint(file)
    return { tensors, faults: await tensorFaults(tensors) }
  })
  if (tensors.size % 4 === 1) await recogniseCheckpoint(path).catch(onlyUnknown)
  return faults
}

async function tensorFaults(tensors: Checkpoint['tensors']): Promise<string[]> {
  const faults: string[] = []
  for (const [key, tensor] of [...tensors].slice(0, maximumTensors)) {
    const count = tensor.shape.reduce((product, size) => product * size, 1)
    const elements = await tensor.read()
    if (elements.length !== count) faults.push(`${key} has ${elements.length} elements instead of ${count}`)
    if (!elements.every(Number.isFinite)) faults.push(`${key} is not finite`)
  }
  return faults
}

/** Small files are of no network that is known. */
function onlyUnknown(error: unknown): void {
  if (!/ is of no network that is known/.test((error as Error).message)) throw error
}

/** Intact files of every format. */
type Corpus = Readonly<Record<Format, readonly Buffer[]>>

function readCorpus(): Corpus {
  return {
    zip: goldenFiles('checkpoints', /-zip\.pth$/),
    legacy: goldenFiles('checkpoints', /-legacy\.pth$/),
    tar: goldenFiles('checkpoints', /-tar\.pth$/),
    safetensors: [safetensors({ weight: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] } }, 24)],
    caffemodel: goldenFiles('caffe', /\.caffemodel$/),
  }
}

/** A file of one format: an intact one that is changed, or one that is drawn part by part; often both. */
function drawCase(random: Random, corpus: Corpus, scratch: string): FuzzCase {
  const format = random.pick(formats)
  const others = corpus[random.pick(formats)]
  const drawn = random.chance(0.5) ? draw(format, random, scratch) : undefined
  const intact = drawn ?? random.pick(corpus[format])
  const changed = drawn === undefined || random.chance(0.3) ? mutate(intact, random, others) : intact
  const bytes = format === 'tar' && random.chance(0.8) ? withTarChecksums(changed) : changed
  const extension = random.chance(0.9) ? extensions[format] : random.pick([...Object.values(extensions), '.bin', ''])
  const content = format === 'zip' && random.chance(0.7) ? withoutZipChecksums(bytes) : bytes
  return { kind: format, files: { [`case${extension}`]: content } }
}

function draw(format: Format, random: Random, scratch: string): Buffer | undefined {
  switch (format) {
    case 'zip':
      writeTorchZipOf(scratch, drawPickle(random), storages())
      return readFileSync(scratch)
    case 'legacy':
      return legacy(random)
    case 'safetensors':
      return drawSafetensors(random)
    case 'caffemodel':
      return drawCaffeModel(random)
    case 'tar':
      return undefined
  }
}

function storages(): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(storageElements).map(([key, count]) => [key, Float32Array.from({ length: count }, (_, i) => i)]),
  )
}

function legacy(random: Random): Buffer {
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
  const machine = Buffer.concat([op('}'), text('little_endian'), op('\x88s')])
  const keys = Object.keys(storageElements).filter(() => random.chance(0.9))
  const pickles = [integer(1001), machine].map((value) => Buffer.concat([op('\x80\x02'), value, op('.')]))
  const list = Buffer.concat([op('\x80\x02'), op(']('), ...keys.map(text), op('e.')])
  const data = keys.flatMap((key) => {
    const values = storages()[key] as Float32Array
    const count = Buffer.alloc(8)
    count.writeBigInt64LE(BigInt(values.length))
    return [count, Buffer.from(values.buffer)]
  })
  return Buffer.concat([magic, ...pickles, drawPickle(random), list, ...data])
}

function safetensors(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}

function drawSafetensors(random: Random): Buffer {
  const number = () => (random.chance(0.8) ? random.below(32) : Number(oddNumber(random, 100)))
  const numbers = (count: number) => Array.from({ length: count }, number)
  const value = () => random.pick<unknown>([null, 'F32', -1, 0.5, [], {}, numbers(2), [[1]], Number.MAX_VALUE])
  const tensor = () => {
    const start = random.below(8)
    const shape = Array.from({ length: random.below(4) }, () => random.below(4))
    const bytes = 4 * shape.reduce((product, size) => product * size, 1)
    const entry: Record<string, unknown> = { dtype: 'F32', shape, data_offsets: [start, start + bytes] }
    if (random.chance(0.2)) entry[random.pick(Object.keys(entry))] = random.chance(0.5) ? value() : numbers(2)
    return entry
  }
  const names = ['weight', 'bias', '__metadata__', '__proto__', 'constructor', '', 'a\nb']
  const entries = Array.from({ length: random.below(4) }, () => [
    random.pick(names),
    random.chance(0.9) ? tensor() : value(),
  ])
  return safetensors(Object.fromEntries(entries), random.below(600))
}

/** Checksums that fit, so that what lies behind them is reached. */
function withTarChecksums(bytes: Buffer): Buffer {
  const result = Buffer.from(bytes)
  for (let at = 0; at + 512 <= result.length; at += 512) {
    if (result.toString('latin1', at + 257, at + 262) !== 'ustar') continue
    result.fill(0x20, at + 148, at + 156)
    const sum = result.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    result.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
  }
  return result
}

/** A zero stands for a checksum that was not computed. */
function withoutZipChecksums(bytes: Buffer): Buffer {
  const result = Buffer.from(bytes)
  const signature = Buffer.from('PK\x01\x02', 'latin1')
  for (let at = result.indexOf(signature); at >= 0 && at + 20 <= result.length; at = result.indexOf(signature, at + 4))
    result.writeUInt32LE(0, at + 16)
  return result
}
