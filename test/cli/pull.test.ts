import { existsSync, readdirSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogModels } from '../../src/networks/index.js'
import { publishedName } from '../../src/networks/weightsOrigin.js'
import { beginning, certificatePath, rangeAnswer, startServer, status } from '../networks/fileServer.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { start, until } from './process.js'

const folder = temporaryFolder()

function pull(...args: readonly string[]) {
  const proxies = Object.fromEntries(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => [name, '']))
  return start(['models', 'pull', ...args], {
    ...proxies,
    SHIFTSCOPE_CACHE: folder('cache'),
    NODE_EXTRA_CA_CERTS: certificatePath,
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
    const part = folder('cache/downloads', name, 'partial', name)
    const bytes = Buffer.alloc(400_000, 'weights')
    const server = await startServer(beginning(bytes, 250_000, () => undefined))
    const stopped = pull('alexnet-aa', '--mirror', `${server.address}/base`)
    const inHome = () => readdirSync(folder('cache/downloads', name), { recursive: true }).map(String)
    await until(async () => server.requests.length > 0 && inHome().some((path) => path.endsWith(name)))
    await until(async () => {
      const path = inHome().find((path) => path.endsWith(name))
      return path !== undefined && statSync(folder('cache/downloads', name, path)).size === 250_000
    })
    stopped.child.kill('SIGINT')
    const ended = await stopped.ended
    expect(ended).toMatchObject({ status: 130, stdout: '' })
    expect(ended.stderr).toContain('the same command goes on from there')
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
  ])('refuses %s', async (_, args) => {
    const { status: exitStatus, stderr } = await pull(...args).ended
    expect(exitStatus).toBe(2)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
