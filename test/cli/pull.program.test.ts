import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/files/sha256.js'
import { catalogModels } from '../../src/networks/index.js'
import { publishedName } from '../../src/networks/weightsOrigin.js'
import { start, until } from '../support/commandLine.js'
import { beginning, certificatePath, rangeAnswer, startServer, status } from '../support/fileServer.js'
import { COMMIT, startHub } from '../support/hubServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

function pull(...args: readonly string[]) {
  return shiftscope(['models', 'pull', ...args])
}

function shiftscope(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const proxies = Object.fromEntries(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => [name, '']))
  return start(args, {
    ...proxies,
    HF_TOKEN: '',
    HF_HUB_OFFLINE: '',
    SHIFTSCOPE_CACHE: folder('cache'),
    NODE_EXTRA_CA_CERTS: certificatePath,
    ...env,
  })
}

function publishedFile(id: string): string {
  const source = catalogModels().find((entry) => entry.id === id)?.sources[0]
  if (source === undefined) throw new Error(`${id} has no source`)
  return publishedName(source)
}

describe('shiftscope models pull', () => {
  it('ends on Ctrl-C with the part kept, and goes on from there', async () => {
    const name = publishedFile('alexnet-aa')
    const part = folder('cache/downloads', `part-${name}`)
    const bytes = Buffer.alloc(400_000, 'weights')
    const server = await startServer(beginning(bytes, 250_000, () => undefined))
    const stopped = pull('alexnet-aa', '--mirror', `${server.address}/base`)
    await until(async () => existsSync(part) && statSync(part).size === 250_000)
    stopped.child.kill('SIGINT')
    const ended = await stopped.ended
    expect(ended).toMatchObject({ status: 130, stdout: '' })
    expect(ended.stderr).toContain('run the same command again')
    expect(ended.stderr).toContain(`licence CC-BY-NC-SA-4.0, from ${server.address}/base/${name}`)
    expect(statSync(part).size).toBe(250_000)
    expect(existsSync(folder('cache/weights'))).toBe(false)

    server.answer = rangeAnswer(bytes, 250_000, '"one"')
    const again = await pull('alexnet-aa', '--mirror', `${server.address}/base`, '--json').ended
    expect(server.requests.at(-1)).toEqual({ path: `/base/${name}`, range: 'bytes=250000-', ifRange: '"one"' })
    expect(again.status).toBe(3)
    expect(again.stderr).toContain('has the SHA-256')
    expect(JSON.parse(again.stdout)).toEqual([])
    expect(existsSync(folder('cache/weights'))).toBe(false)
    expect(readdirSync(folder('cache/downloads'))).toEqual([])
  })

  it('goes through all networks and generators of the paper, whatever becomes of one', async () => {
    const server = await startServer(status(404))
    const { status: exitStatus, stderr } = await pull('--all', '--mirror', server.address).ended
    expect(exitStatus).toBe(1)
    const names = catalogModels().flatMap(({ preset, sources }) =>
      preset === 'paper' ? sources.map(publishedName) : [],
    )
    expect(server.requests.map(({ path }) => path)).toEqual(names.map((name) => `/${name}`))
    for (const name of names) expect(stderr).toContain(`/${name} answers 404 Not Found`)
    expect(stderr).toContain('deepsim-fc6: licence none stated, from ')
    expect(stderr).not.toContain('NOASSERTION')
  })

  it.each([
    ['nothing to pull', []],
    ['networks and --all', ['alexnet', '--all']],
    ['an unknown network', ['vgg19']],
    ['an embedded network', ['tiny-alexnet']],
    ['a mirror that is not encrypted', ['alexnet', '--mirror', 'http://example.org']],
    ['a mirror for a model of the hub', ['alexnet', 'hf:owner/name', '--mirror', 'https://localhost:1']],
    ['a model of the hub without its owner', ['hf:name']],
  ])('refuses %s', async (_, args) => {
    const { status: exitStatus, stderr } = await pull(...args).ended
    expect(exitStatus).toBe(2)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('shiftscope models pull hf:', () => {
  const model = readFileSync(fileURLToPath(new URL('../golden/exports/resnet18.onnx', import.meta.url)))

  it('brings a model that is listed without the hub', async () => {
    const hub = await startHub({ files: { 'model.onnx': model, 'config.json': Buffer.from('{}') } })
    const env = { HF_ENDPOINT: hub.address }
    const pulled = await shiftscope(['models', 'pull', 'hf:owner/name', '--json'], env).ended
    expect(pulled.status).toBe(0)
    const path = folder('cache/hub/owner--name', COMMIT, 'model.onnx')
    expect(JSON.parse(pulled.stdout)).toMatchObject([
      { id: 'hf:owner/name', path, sha256: sha256(model), licence: 'apache-2.0', revision: COMMIT },
    ])
    expect(readFileSync(path).equals(model)).toBe(true)
    const checked = await shiftscope(['models', 'pull', 'hf:owner/name'], env).ended
    expect(checked.stdout).toContain(`already here and checked again: ${path}`)
    expect(checked.stdout).toContain(`hash and size as in commit ${COMMIT}`)
    expect(checked.stdout).toContain('licence: apache-2.0')

    const offline = { HF_ENDPOINT: 'https://localhost:1' }
    const listed = await shiftscope(['models', 'list'], offline).ended
    expect(listed.stdout).toMatch(/^hf:owner\/name +– +present +717\.8 kB +apache-2\.0$/m)
    const { stdout } = await shiftscope(['models', 'list', '--json'], offline).ended
    expect(JSON.parse(stdout).at(-1)).toMatchObject({ id: 'hf:owner/name', kind: 'hub', state: 'present', path })
  })

  it('goes on to the next, whatever becomes of one', async () => {
    const hub = await startHub({ files: { 'model.onnx': model } })
    const ended = await shiftscope(['models', 'pull', 'hf:owner/other', 'hf:owner/name', '--json'], {
      HF_ENDPOINT: hub.address,
    }).ended
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('has no such model as owner/other')
    expect(JSON.parse(ended.stdout)).toMatchObject([{ id: 'hf:owner/name' }])
  })
})
