import { describe, expect, it, vi } from 'vitest'
import { tunnelCommand } from '../../../src/cli/commands/explore.js'
import { hasDisplay, sayAddress, sayPage } from '../../../src/cli/output/openPage.js'
import { captured } from '../../support/inProcess.js'

describe('a page', () => {
  it.each<[NodeJS.ProcessEnv, NodeJS.Platform, boolean]>([
    [{}, 'linux', false],
    [{ DISPLAY: ':0' }, 'linux', true],
    [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
    [{ WSL_DISTRO_NAME: 'Debian' }, 'linux', true],
    [{ DISPLAY: ':0', CI: 'true' }, 'linux', false],
    [{ DISPLAY: ':0', CI: 'false' }, 'linux', true],
    [{ DISPLAY: 'localhost:10.0', SSH_CONNECTION: 'x' }, 'linux', true],
    [{}, 'darwin', true],
    [{}, 'win32', true],
    [{ SSH_CONNECTION: 'x' }, 'darwin', false],
    [{ CI: '1' }, 'win32', false],
  ])('is seen only where there is a display: %j, %s', (env, platform, expected) => {
    expect(hasDisplay(env, platform)).toBe(expected)
  })

  const none = 'there is no display for a browser here'
  it.each([
    ['is named', () => sayPage('a.html', {}), 'open a.html\n', ''],
    ['is not named beside a document', () => sayPage('a.html', { json: true }), '', ''],
    [
      'that cannot be shown is named',
      () => sayPage('a.html', { open: true, json: true }),
      '',
      `${none}; open a.html\n`,
    ],
    ['of a server is named', () => sayAddress('http://a', { open: false }), 'open http://a\n', ''],
    ['of a server comes first', () => sayAddress('http://a', { open: true }), 'open http://a\n', `${none}\n`],
  ])('%s', async (_, sayIt, stdout, stderr) => {
    vi.stubEnv('CI', '1')
    const { result, ...said } = await captured([], sayIt)
    vi.unstubAllEnvs()
    expect(said).toEqual({ stdout, stderr })
  })

  it('of a machine that is reached over ssh is told with its tunnel', () => {
    expect(tunnelCommand({}, '127.0.0.1', 80)).toBeUndefined()
    const env = { SSH_CONNECTION: '10.0.0.1 50000 10.0.0.2 22' }
    expect(tunnelCommand(env, '127.0.0.1', 80)).toMatch(/^ssh -L 80:127\.0\.0\.1:80 \S+@10\.0\.0\.2$/)
    expect(tunnelCommand(env, '::1', 80)).toMatch(/^ssh -L 80:\[::1\]:80 \S+@10\.0\.0\.2$/)
  })
})
