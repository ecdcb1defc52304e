import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it, vi } from 'vitest'
import { InterruptedError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { catalogModels } from '../../src/networks/catalog/catalog.js'
import { publishedName } from '../../src/networks/catalog/publishedFile.js'
import { annotation, writeAnnotations } from '../support/cocoFiles.js'
import { until } from '../support/commandLine.js'
import { beginning, fileAnswer, rangeAnswer, startServer, status } from '../support/fileServer.js'
import { COMMIT, startHub } from '../support/hubServer.js'
import { runHere } from '../support/inProcess.js'
import { narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { withoutProxies } from '../support/offlineEnvironment.js'
import { writeTorchZip } from '../support/torchFile.js'

narrowCatalog()
const folder = networkFolder()
withoutProxies()

const sources = catalogModels().flatMap(({ id, preset, sources }) => sources.map((source) => ({ id, preset, source })))

describe('models pull', () => {
  it('keeps the part of what is stopped, and goes on from there', async () => {
    const name = publishedName(sources.find(({ id }) => id === 'alexnet-aa')?.source as (typeof sources)[0]['source'])
    const part = folder('cache/downloads', `part-${name}`)
    const bytes = Buffer.alloc(400_000, 'weights')
    const half = beginning(bytes, 250_000, () => undefined)
    const server = await startServer(half, 'http')
    const words = ['models', 'pull', 'alexnet-aa', '--mirror', `${server.address}/base`]
    const controller = new AbortController()
    const stopped = runHere(words, controller.signal)
    await until(async () => existsSync(part) && statSync(part).size === 250_000)
    controller.abort(new InterruptedError())
    const first = await stopped
    expect([first.status, first.stdout]).toEqual([130, ''])
    expect(first.stderr).toContain(`fetching ${server.address}/base/${name} (licence: CC-BY-NC-SA-4.0)`)
    expect(first.stderr).toContain('run the same command again')
    expect(statSync(part).size).toBe(250_000)

    server.answer = rangeAnswer(bytes, 250_000, '"one"')
    const again = await runHere([...words, '--json'])
    expect(server.requests.at(-1)).toEqual({ path: `/base/${name}`, range: 'bytes=250000-', ifRange: '"one"' })
    expect([again.status, JSON.parse(again.stdout)]).toEqual([3, []])
    expect(again.stderr).toContain('has the SHA-256')
    expect([existsSync(folder('cache/weights')), readdirSync(folder('cache/downloads'))]).toEqual([false, []])
  })

  it('goes through all networks and generators of the paper, whatever becomes of one', async () => {
    const server = await startServer(status(404), 'http')
    const pulled = await runHere(['models', 'pull', '--all', '--mirror', server.address])
    expect(pulled.status).toBe(1)
    const names = sources.filter(({ preset }) => preset === 'paper').map(({ source }) => publishedName(source))
    expect(server.requests.map(({ path }) => path)).toEqual(names.map((name) => `/${name}`))
    for (const name of names)
      expect(pulled.stderr).toMatch(RegExp(`^shiftscope: .*/${name} answers 404 Not Found`, 'm'))
    expect(pulled.stderr).toMatch(/deepsim-fc6: fetching \S+ \(licence: none stated\)/)
  })

  it('brings a model of the hub, which is listed without it, though another one fails', async () => {
    const model = readFileSync(new URL('../golden/exports/resnet18.onnx', import.meta.url))
    const hub = await startHub({ files: { 'model.onnx': model, 'config.json': Buffer.from('{}') } }, 'http')
    vi.stubEnv('HF_ENDPOINT', hub.address)
    const pulled = await runHere(['models', 'pull', 'hf:owner/other', 'hf:owner/name', '--json'])
    expect([pulled.status, pulled.stderr]).toEqual([3, expect.stringContaining('has no model owner/other')])
    const path = folder('cache/hub/owner--name', COMMIT, 'model.onnx')
    const known = { id: 'hf:owner/name', path, sha256: sha256(model), licence: 'apache-2.0', revision: COMMIT }
    expect(JSON.parse(pulled.stdout)).toMatchObject([known])
    const checked = await runHere(['models', 'pull', 'hf:owner/name'])
    expect(checked.stdout).toBe(`hf:owner/name: already here, checked again: ${path}, 717.8 kB
  checked against commit ${COMMIT} of the hub: the size and the SHA-256 (${sha256(model)}) match
  other file of this model: ${folder('cache/hub/owner--name', COMMIT, 'config.json')}, 2 B
  licence: apache-2.0
`)
    vi.stubEnv('HF_ENDPOINT', 'https://localhost:1')
    const { stdout } = await runHere(['models', 'list'])
    expect(stdout).toMatch(/^hf:owner\/name +– +present +717\.8 kB +apache-2\.0$/m)
    const listed = JSON.parse((await runHere(['models', 'list', '--json'])).stdout)
    expect(listed.at(-1)).toMatchObject({ id: 'hf:owner/name', kind: 'hub', state: 'present', path })
  })
})

it('models import says what a file is and where it lies', async () => {
  writeTorchZip(folder('own.pth'), tensorsOf('mobilenet_v2'))
  const { status, stdout } = await runHere(['models', 'import', 'mobilenet_v2', folder('own.pth')])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^mobilenet_v2: saved as .*cache.weights.mobilenet_v2\.pth, [\d.]+ kB\nsha256 .*: not the /)
  expect((await runHere(['models', 'list'])).stdout).toMatch(/^mobilenet_v2 .* present /m)
})

describe('patches coco', () => {
  function annotated(...addresses: readonly string[]): string[] {
    const image = { file_name: 'conftest.py', width: 60, height: 60 }
    const images = addresses.map((coco_url, i) => ({ id: i + 1, ...image, coco_url }))
    const annotations = addresses.map((_, i) => annotation(i + 7, i + 1))
    const file = writeAnnotations(folder('instances.json'), annotations, { images })
    return ['patches', 'coco', '--annotations', file, '--out', folder('out'), '--classes', 'dog']
  }

  it('asks no host for an image but COCO’s and those that are named, and names what it cannot make', async () => {
    const grey = { width: 60, height: 60, channels: 3, background: '#5a5a5a' } as const
    const png = await sharp({ create: grey }).png().toBuffer()
    const server = await startServer(fileAnswer(png), 'http')
    const words = annotated(`http://127.0.0.1:${server.port}/1`, `${server.address}/2`)
    const refused = await runHere([...words, '--download'])
    expect([refused.status, server.requests]).toEqual([3, []])
    const host = '127.0.0.1 is not an allowed host (allow it with --image-host 127.0.0.1); run the same command again'
    expect(refused.stderr).toContain(`annotation 7: its image conftest.py could not be fetched: ${host}`)
    expect(refused.stderr).toMatch(
      /\nshiftscope: 2 of 2 objects could not be made; see the reasons above\. If an earlier command made files for them/,
    )
    const hosts = ['--image-host', 'localhost', '--image-host', '127.0.0.1']
    expect((await runHere([...words, '--download', ...hosts])).status).toBe(0)
    expect(readdirSync(folder('out/images'))).toEqual(['000000000001.png', '000000000002.png'])
  })

  it('says which images are missing, and how many objects there are', async () => {
    mkdirSync(folder('images'))
    const { status, stderr } = await runHere([...annotated('http://localhost/1'), '--images', folder('images')])
    expect(status).toBe(3)
    expect(stderr).toMatch(/^shiftscope: annotation 7: its image conftest\.py is missing$/m)
    expect(stderr).toMatch(/class dog: wanted 20 objects, but the annotations have only 1\n/)
  })
})
