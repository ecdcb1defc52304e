import { fork, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeModel } from '../../src/networks/onnx/model.js'
import { start, until } from '../support/commandLine.js'
import { beginning, certificatePath, startServer } from '../support/fileServer.js'
import { hostileModel } from '../support/hostileFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const folder = temporaryFolder()
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--patches', 'dog']

const NO_PROXIES = { https_proxy: '', HTTPS_PROXY: '', all_proxy: '', ALL_PROXY: '' }

describe.skipIf(process.platform === 'win32')('a study whose stderr', () => {
  it.each([
    ['nobody reads any more', '2>&1 >/dev/null | head -c 1 >/dev/null'],
    ['is full', '2>/dev/full'],
    ['is closed', '2>&-'],
  ])('%s ends with its report and its own status', (_, where) => {
    const command = (more: string) =>
      `set -o pipefail; "${process.execPath}" "${MAIN}" ${STUDY.join(' ')} --stride 40 --out "${folder('out')}" ${more} ${where}`
    expect(spawnSync('bash', ['-c', command('')]).status).toBe(0)
    expect(existsSync(folder('out/index.html'))).toBe(true)
    expect(spawnSync('bash', ['-c', command('--patches nothing')]).status).toBe(3)
    expect(spawnSync('bash', ['-c', command('--dance')]).status).toBe(2)
  })
})

describe('a command whose disk turns read-only', () => {
  const extract = [
    'extract',
    '--model',
    'tiny-alexnet',
    '--patch',
    'dog',
    '--size',
    '75',
    '--batch',
    '8',
    '--workers',
    '1',
  ]
  it.for([
    { name: 'reproduce', args: [...STUDY, '--stride', '24'], begun: 'out/run.json' },
    { name: 'extract', args: extract, begun: 'out/partial.json' },
  ])('says so in one line: $name', async ({ args, begun }, context) => {
    const disk = folder('disk')
    const isMounted = await onTmpfs(disk, 'size=1g', async () => {
      const { ended } = start([...args, '--out', `${disk}/out`])
      await until(async () => existsSync(`${disk}/${begun}`))
      // Refused while a file is open for writing.
      await until(async () => spawnSync('mount', ['-o', 'remount,ro', disk]).status === 0)
      const { status, stderr } = await ended
      expect(status, stderr).toBe(1)
      const line =
        /^shiftscope: cannot write .*: the file system is read-only; make it writable, or choose another folder$/
      expect(stderr.trim().split('\n').at(-1)).toMatch(line)
    })
    if (!isMounted) context.skip('a file system can be mounted by root on Linux alone')
  })
})

describe.skipIf(process.platform === 'win32')('a command that is told to end', () => {
  it('in a study keeps what was finished and ends with 143', async () => {
    const { child, ended } = start([...STUDY, '--stride', '1', '--out', folder('out')])
    await until(async () => existsSync(folder('out/run.json')))
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(143)
    expect(stderr).toContain('finished work is saved')
  })

  it('in an extraction ends with 143', async () => {
    const args = ['extract', '--model', 'tiny-alexnet', '--patch', 'dog', '--size', '75', '--stride', '1']
    const { child, ended } = start([...args, '--batch', '8', '--workers', '1', '--out', folder('out')])
    await until(async () => existsSync(folder('out/partial.json')))
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(143)
  })

  it('in a download ends with 143', async () => {
    const server = await startServer(beginning(Buffer.alloc(400_000), 250_000, () => undefined))
    const args = ['models', 'pull', 'alexnet-aa', '--mirror', `${server.address}/base`]
    const { child, ended } = start(args, {
      ...NO_PROXIES,
      SHIFTSCOPE_CACHE: folder('cache'),
      NODE_EXTRA_CA_CERTS: certificatePath,
    })
    await until(async () => server.requests.length > 0)
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(143)
  })

  it('in the trial of a network that never ends leaves nothing behind', async () => {
    const shape = ['N', 3, 8, 8]
    await writeModel(
      folder('endless.onnx'),
      hostileModel('slow to run', { name: 'image', shape }, { name: 'out', shape }),
    )
    mkdirSync(folder('temporary'))
    const { child, ended } = start(['models', 'inspect', folder('endless.onnx')], {
      SHIFTSCOPE_CACHE: folder('cache'),
      TMPDIR: folder('temporary'),
    })
    await until(async () =>
      (await readdir(folder('temporary'), { recursive: true })).some((name) => /onnx$/.test(name)),
    )
    await new Promise((resolve) => setTimeout(resolve, 1000))
    child.kill('SIGINT')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(130)
    expect(stderr).toContain('shiftscope: stopped without a result')
    expect(await readdir(folder('temporary'))).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('leaves its devices’ processes alive on a %s to all', async (signal) => {
    const child = fork(fileURLToPath(new URL('../../dist/engine/backends/processMain.js', import.meta.url)), {
      serialization: 'advanced',
      stdio: 'ignore',
      execArgv: [],
    })
    const ended = new Promise((resolve) => child.on('exit', (...how) => resolve(how)))
    const answered = () => Promise.race([new Promise((resolve) => child.once('message', resolve)), ended])
    child.send({ kind: 'open', request: {} })
    expect(await answered()).not.toBeInstanceOf(Array)
    child.kill(signal)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([child.exitCode, child.signalCode]).toEqual([null, null])
    child.disconnect()
    expect(await ended).toEqual([0, null])
  })

  it('twice ends at once, by that signal', async () => {
    const context = new URL('../../dist/cli/context.js', import.meta.url).href
    const script = folder('waits.mjs')
    writeFileSync(
      script,
      `(await import('${context}')).interruptible(); setInterval(() => undefined, 1000); console.log('ready')`,
    )
    const { child, ended } = start([], {}, script)
    child.stdout?.once('data', () => child.kill('SIGTERM'))
    child.stderr?.once('data', () => child.kill('SIGTERM'))
    expect(await ended).toMatchObject({ status: null, signal: 'SIGTERM' })
  })
})
