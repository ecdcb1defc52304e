import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { tunnelCommand } from '../../src/cli/commands/explore.js'
import { start } from '../support/commandLine.js'
import { ask, MAP } from '../support/liveServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** The command as it runs, once it has said where the page is. */
async function running(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const command = start(['explore', folder('results'), '--models', MAP.network, ...args], env)
  let said = ''
  for await (const [data] of dataOf(command.child)) {
    said += String(data)
    if (said.includes('press Ctrl-C to stop') && said.includes('http:')) break
  }
  return { ...command, said, address: /http:\S+\//.exec(said)?.[0] ?? '' }
}

async function* dataOf({ stdout, stderr }: ReturnType<typeof start>['child']) {
  for (;;) {
    const sources = [stdout, stderr].flatMap((stream) => (stream ? [once(stream, 'data')] : []))
    yield (await Promise.race(sources)) as [Buffer]
  }
}

describe('explore', () => {
  it('says where the page is, and ends on Ctrl-C in the middle of a map', async () => {
    const { child, ended, address } = await running(['--no-open'])
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
    const map = ask(`${address}map`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...MAP, size: 75, stride: 1, anchor: { row: 74, col: 74 } }),
    }).catch(() => undefined)
    await new Promise((done) => setTimeout(done, 1500))
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    expect([stdout, stderr.split('\n')[0]]).toEqual([`open ${address}\n`, 'press Ctrl-C to stop'])
    expect([status, stderr.split('\n').slice(-3)]).toEqual([
      130,
      [
        'stopping; press Ctrl-C again to end at once',
        'shiftscope: the page is closed, and everything that you kept is saved',
        '',
      ],
    ])
    await map
  })

  it('says in one line that there is no display, that a port is taken, and that an address is not this machine’s', async () => {
    const { child, ended, said, address } = await running([], {
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
      SSH_CONNECTION: '10.0.0.1 50000 10.0.0.2 22',
    })
    const { port } = new URL(address)
    expect(said).toContain('there is no display for a browser here\n')
    expect(said).toMatch(
      new RegExp(
        `to open the page on your own machine, run there: ssh -L ${port}:127\\.0\\.0\\.1:${port} \\S+@10\\.0\\.0\\.2$`,
        'm',
      ),
    )
    const other = await start(['explore', '--port', port, '--no-open', '--models', MAP.network]).ended
    expect([other.status, other.stderr]).toEqual([
      1,
      `shiftscope: port ${port} of 127.0.0.1 is taken by another program; name another --port, or none for any that is free\n`,
    ])
    child.kill('SIGTERM')
    expect((await ended).status).toBe(143)
    const nowhere = await start(['explore', '--host', '192.0.2.1', '--no-open', '--models', MAP.network]).ended
    expect([nowhere.status, nowhere.stderr]).toEqual([
      2,
      'shiftscope: 192.0.2.1 is no address of this machine; leave --host out for 127.0.0.1\n',
    ])
    const missing = await start(['explore', '--no-open', '--models', 'tiny-alexnett']).ended
    expect([missing.status, missing.stderr.split('\n').length]).toEqual([2, 2])
  })

  it('tells the tunnel only to who is here over ssh', () => {
    expect(tunnelCommand({}, '127.0.0.1', 80)).toBeUndefined()
  })
})
