import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { vi } from 'vitest'
import { sha256 } from '../../src/files/sha256.js'
import { catalogEntry, pullHubModel, pullWeights } from '../../src/networks/index.js'
import { cocoPatches } from '../../src/patches/cocoPatches.js'
import { type Answer, certificate, type FileServer, startServer } from './fileServer.js'
import { COMMIT, startHub } from './hubServer.js'
import { writeWeights } from './torchFile.js'

/** The functions that fetch files. */
export const FUNCTIONS = { pullWeights, pullHubModel, cocoPatches }

/** A call of such a function, in a form that another process can get. The options come last. */
export interface Call {
  readonly name: keyof typeof FUNCTIONS
  readonly args: readonly string[]
  readonly options: object
}

/** A file on a server of its own, and the call that fetches it. */
export interface Served {
  readonly file: Buffer
  readonly call: Call
  /** Where the file lies when it is fetched. */
  readonly path: string
  /** Name of its part among the downloads. */
  readonly part: string
  /** The server that the file is requested from. */
  readonly server: FileServer
  /** Sets the answer to requests of the file. */
  serve(answer: Answer): void
}

/** One kind of file that Shiftscope fetches. */
export interface Kind {
  readonly name: 'weights' | 'hub' | 'picture'
  readonly protocol: 'https' | 'http'
  /** @param path inside the folder of the test; its cache is `cache` there */
  start(path: (...way: readonly string[]) => string): Promise<Served>
}

const unused: Answer = (_, response) => response.destroy()

let rememberedWeights: Buffer | undefined
function weightsIn(path: string): Buffer {
  if (rememberedWeights === undefined) {
    writeWeights(path, 'mobilenet_v2')
    rememberedWeights = readFileSync(path)
  }
  return rememberedWeights
}

const weights: Kind = {
  name: 'weights',
  protocol: 'https',
  start: async (path) => {
    const file = weightsIn(path('source.pth'))
    const server = await startServer(unused)
    const source = { url: `${server.address}/published.pth`, bytes: file.length, sha256: sha256(file) }
    const entries = [{ ...catalogEntry('mobilenet_v2'), sources: [source] }]
    return {
      file,
      call: { name: 'pullWeights', args: ['mobilenet_v2'], options: { entries, ca: certificate } },
      path: path('cache/weights/mobilenet_v2.pth'),
      part: 'part-published.pth',
      server,
      serve: (answer) => {
        server.answer = answer
      },
    }
  },
}

const hub: Kind = {
  name: 'hub',
  protocol: 'https',
  start: async (path) => {
    const file = readFileSync(fileURLToPath(new URL('../golden/exports/resnet18.onnx', import.meta.url)))
    const served = await startHub({ files: { 'model.onnx': file } })
    vi.stubEnv('HF_ENDPOINT', served.address)
    return {
      file,
      call: { name: 'pullHubModel', args: ['hf:owner/name'], options: { ca: certificate } },
      path: path('cache/hub/owner--name', COMMIT, 'model.onnx'),
      part: `part-hub-${sha256(file)}`,
      server: served.store,
      serve: (answer) => {
        served.fileAnswer = () => answer
      },
    }
  },
}

const picture: Kind = {
  name: 'picture',
  protocol: 'http',
  start: async (path) => {
    const [width, height] = [400, 300]
    const noise = createHash('shake256', { outputLength: width * height * 3 }).digest()
    const file = await sharp(noise, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer()
    const server = await startServer(unused, 'http')
    const url = `${server.address}/1.png`
    const instances = {
      images: [{ id: 1, file_name: '1.png', width, height, coco_url: url }],
      annotations: [
        { id: 1, image_id: 1, category_id: 18, bbox: [0, 0, 50, 50], segmentation: [[0, 0, 50, 0, 50, 50]] },
      ],
      categories: [{ id: 18, name: 'dog' }],
    }
    writeFileSync(path('instances.json'), JSON.stringify(instances))
    const options = {
      ...{ annotations: path('instances.json'), images: path('images'), out: path('out'), classes: ['dog'] },
      ...{ download: true, imageHosts: ['localhost'] },
    }
    return {
      file,
      call: { name: 'cocoPatches', args: [], options },
      path: path('images/000000000001.png'),
      part: `part-image-${sha256(url).slice(0, 16)}`,
      server,
      serve: (answer) => {
        server.answer = answer
      },
    }
  },
}

export const KINDS: readonly Kind[] = [weights, hub, picture]
