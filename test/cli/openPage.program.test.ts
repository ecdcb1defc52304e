import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hasDisplay } from '../../src/cli/openPage.js'
import { writeNpy } from '../../src/files/npy.js'
import { start } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

const IN_CI = { CI: '1', DISPLAY: ':0' }

/** A display that nobody looks at, and no program that is known to show pages but the one that BROWSER names. */
const ALONE = {
  ...{ CI: '', SSH_CONNECTION: '', DISPLAY: ':0', WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: '' },
  ...{ XDG_CURRENT_DESKTOP: '', DESKTOP_SESSION: '', XDG_DATA_DIRS: '/nonexistent', XDG_DATA_HOME: '/nonexistent' },
}

async function storeFeatures(): Promise<string> {
  await writeNpy(folder('features.npy'), [2, 2, 1], new Float32Array(4).fill(1))
  return folder('features.npy')
}

describe('--open', () => {
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
  ])('sees a display only where there is one: %j, %s', (env, platform, expected) => {
    expect(hasDisplay(env, platform)).toBe(expected)
  })

  it.runIf(process.platform === 'linux')('hands nothing but the path of the page to the browser', async () => {
    writeFileSync(folder('browser'), `#!/bin/sh\nprintf '%s|' "$@" > "${folder('shown')}"\n`)
    chmodSync(folder('browser'), 0o755)
    const out = folder('a page; $(touch made) #1')
    const args = ['view', await storeFeatures(), '--open', '--out', out]
    const { status, stderr } = await start(args, { ...ALONE, BROWSER: folder('browser') }).ended
    expect(status, stderr).toBe(0)
    expect(stderr).toContain(`\nopening ${out}/index.html in the browser\n`)
    expect(readFileSync(folder('shown'), 'utf8')).toBe(`${out}/index.html|`)
  })

  it.runIf(process.platform === 'linux')('says that no browser could be started, and that is no error', async () => {
    const args = ['view', await storeFeatures(), '--open', '--json']
    const { status, stderr, stdout } = await start(args, { ...ALONE, BROWSER: '/nonexistent' }).ended
    expect(status, stderr).toBe(0)
    expect(stderr).toContain(`\nno browser could be started here; open ${folder('features', 'index.html')}\n`)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 2 })
  })

  it('says in CI where the page is, after reproduce and report, too', async () => {
    const out = folder('results')
    const study = ['--models', 'tiny-alexnet', '--patches', 'dog', '--sizes', '125', '--stride', '90']
    const what = [...study, '--experiments', 'similarity', '--out', out]
    for (const args of [
      ['reproduce', ...what, '--open'],
      ['report', out, '--open'],
    ]) {
      const { status, stderr } = await start(args, IN_CI).ended
      expect(status, stderr).toBe(0)
      expect(stderr).toContain(`\nthere is no display for a browser here; open ${out}/index.html\n`)
    }
  })
})
