import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { start, until } from '../support/commandLine.js'
import { MAP, post } from '../support/liveServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

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
  const { status, stderr } = await ended
  const lines = stderr.split('\n')
  expect(lines[1]?.replace(/\S+@/, 'USER@')).toBe(
    `to open the page on your own machine, run this command there: ssh -L ${port}:127.0.0.1:${port} USER@10.0.0.2`,
  )
  expect([status, lines[0], lines[2], ...lines.slice(-3)]).toEqual([
    143,
    'there is no display for a browser here',
    'press Ctrl-C to stop',
    'stopping; press Ctrl-C again to end at once',
    'shiftscope: the page is closed, and everything that you kept is saved',
    '',
  ])
  await map
})
