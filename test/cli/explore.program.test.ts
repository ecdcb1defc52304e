import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { type Ended, start, until } from '../support/commandLine.js'
import { hostileModel } from '../support/hostileFile.js'
import { leftOut } from '../support/leftOut.js'
import { ask, MAP, post } from '../support/liveServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** Exit status as a shell gives it. */
const shellStatus = ({ status, signal }: Ended) => (signal === null ? status : 128 + constants.signals[signal])

it('explore says where the page is and how to reach it, and ends in the middle of a map', async () => {
  const remote = { DISPLAY: '', WAYLAND_DISPLAY: '', CI: '', SSH_CONNECTION: '10.0.0.1 50000 10.0.0.2 22' }
  const { child, ended } = start(['explore', folder('results'), '--models', MAP.network], remote)
  let said = ''
  child.stdout?.on('data', (data) => {
    said += data
  })
  await until(async () => said.includes('\n'))
  const [, address = '', port = ''] = /^open (http:\/\/127\.0\.0\.1:(\d+)\/[\w-]{32}\/)\n$/.exec(said) ?? []
  const map = post(`${address}map`, { ...MAP, size: 75, stride: 1, anchor: { row: 74, col: 74 } }).catch(
    () => undefined,
  )
  await setTimeout(1000)
  child.kill('SIGTERM')
  const end = await ended
  const lines = end.stderr.split('\n')
  expect(lines[1]?.replace(/\S+@/, 'USER@')).toBe(
    `to open the page on your own machine, run this command there: ssh -L ${port}:127.0.0.1:${port} USER@10.0.0.2`,
  )
  expect([shellStatus(end), lines[0], lines[2], ...lines.slice(-3)]).toEqual([
    143,
    'there is no display for a browser here',
    'press Ctrl-C to stop',
    'stopping; press Ctrl-C again to end at once',
    'shiftscope: the page is closed, and everything that you kept is saved',
    '',
  ])
  await map
})

it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system')).each([
  ['one Ctrl-C', false],
  ['two', true],
])('explore ends by %s while a network that passed its trial computes for hours', async (_, isTwice) => {
  const shape = ['N', 3, 32, 32]
  const model = hostileModel('slow on white', { name: 'image', shape }, { name: 'out', shape })
  await writeModel(folder('endless.onnx'), model)
  mkdirSync(folder('temporary'))
  const env = { TMPDIR: folder('temporary'), SHIFTSCOPE_CACHE: folder('cache') }
  const { child, ended } = start(['explore', folder('results'), '--models', 'tiny-alexnet', '--no-open'], env)
  // If it does not end, the test fails by its own time limit.
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
  const address = String(line).replace('open ', '').trim()
  const body = readFileSync(folder('endless.onnx'))
  const dropped = await ask(`${address}networks?name=endless.onnx`, { method: 'POST', body })
  expect(dropped).toMatchObject({ status: 200, body: expect.stringContaining('endless') })
  const place = { row: 0, col: 0 }
  const headers = { 'Content-Type': 'application/json' }
  const asked = request(`${address}map`, { method: 'POST', headers }).on('error', () => undefined)
  asked.end(JSON.stringify({ ...MAP, network: 'endless', layer: 'out', size: 16, anchor: place, cursor: place }))
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  const [message] = (await once(response, 'data')) as [Buffer]
  expect(String(message)).toContain('"kind":"opening"')
  // Meanwhile, the network begins to compute.
  await setTimeout(2000)
  child.kill('SIGINT')
  if (isTwice) await once(child.stderr as NonNullable<typeof child.stderr>, 'data')
  if (isTwice) child.kill('SIGINT')
  const end = await ended
  expect(shellStatus(end)).toBe(130)
  if (isTwice) return
  expect(end.stderr).toContain('shiftscope: the page is closed, and everything that you kept is saved')
  expect(readdirSync(folder('temporary'))).toEqual([])
})
