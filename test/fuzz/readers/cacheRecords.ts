import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../../src/files/sha256.js'
import { hubModelFile, listHubModels, writeManifest } from '../../../src/networks/hub/manifest.js'
import { parseHubReference } from '../../../src/networks/hub/reference.js'
import { keepReading, knownReading } from '../../../src/networks/layerReading.js'
import { partVersion } from '../../../src/networks/part.js'
import { disturb, documentText } from '../documents.js'
import { goldenFiles } from '../goldens.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import { type FuzzCase, placeFiles, type Reader } from '../reader.js'

const commit = 'c0ffee'.padEnd(40, '0')
const reference = parseHubReference('hf:owner/name')
const key = { sha256: '0', choice: {} }

/** What the cache keeps beside graphs, models of the hub and parts of downloads. */
export const cacheRecords: Reader = {
  name: 'cache-records',
  open: async (folder) => {
    const before = process.env.SHIFTSCOPE_CACHE
    process.env.SHIFTSCOPE_CACHE = folder
    const records = await intactRecords(folder)
    return {
      draw: (random) => drawRecord(random, records),
      read: async (drawn) => {
        placeFiles(folder, drawn)
        const found = await (drawn.kind.startsWith('hub/')
          ? hubModelFile(reference.text).then(() => listHubModels().then(([model]) => model))
          : drawn.kind === 'version.json'
            ? partVersion({ path: join(folder, 'part'), versionPath: join(folder, 'version.json') })
            : knownReading(join(folder, 'model.onnx'), key))
        return found === undefined ? undefined : []
      },
      close: () => {
        if (before === undefined) delete process.env.SHIFTSCOPE_CACHE
        else process.env.SHIFTSCOPE_CACHE = before
      },
    }
  },
}

/** Each as the program writes it, by its name below the cache. */
async function intactRecords(folder: string): Promise<Readonly<Record<string, string>>> {
  await keepReading(join(folder, 'model.onnx'), key, {
    onnxPath: join(folder, 'graphs', 'graph.onnx'),
    input: {
      ...{ name: 'image', rows: 8, cols: 8, batch: null, divisor: 255, mean: [0, 0, 0], std: [1, 1, 1] },
      channelOrder: 'rgb',
    },
    layers: [{ name: 'logits', dims: 3, isMap: true }],
    pool: 'mean',
  })
  writeFileSync(join(folder, 'graphs', 'graph.onnx'), 'graph')
  const [reading] = readdirSync(join(folder, 'graphs')).filter((name) => name.endsWith('.json'))
  const model = goldenFiles('onnx', /^plain\.onnx$/)[0] as Buffer
  const file = { path: 'model.onnx', bytes: model.length, sha256: sha256(model), blob: '0'.repeat(40) }
  await writeManifest(reference, { commit, licence: 'mit', files: new Map([[file.path, file]]) })
  const hub = join('hub', 'owner--name')
  mkdirSync(join(folder, hub, commit))
  writeFileSync(join(folder, hub, commit, 'model.onnx'), model)
  const texts = [`graphs/${reading}`, ...readdirSync(join(folder, hub)).map((name) => `${hub}/${name}`)]
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
  const version = JSON.stringify({ etag: '"one"', lastModified: null, bytes: 5 })
  return { ...Object.fromEntries(texts), 'version.json': version, 'graphs/graph.onnx.sha256': sha256('graph') }
}

function drawRecord(random: Random, records: Readonly<Record<string, string>>): FuzzCase {
  const name = random.pick(Object.keys(records))
  const text = records[name] as string
  const isDocument = name.endsWith('.json')
  const changed = isDocument
    ? documentText(disturb(JSON.parse(text), random), random)
    : mutate(Buffer.from(text), random, [Buffer.from(text)])
  // Of those that go together the others stand as they were.
  const others = Object.entries(records).filter(([other]) => other.split('/')[0] === name.split('/')[0])
  return { kind: name, files: { ...Object.fromEntries(others), [name]: changed } }
}
