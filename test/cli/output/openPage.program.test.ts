import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sayPage } from '../../../src/cli/output/openPage.js'
import { captured } from '../../support/inProcess.js'
import { leftOut } from '../../support/leftOut.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()
const onLinux = it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))

/** A display that nobody looks at, and no program that is known to show pages but the one that BROWSER names. */
const ALONE = {
  ...{ CI: '', SSH_CONNECTION: '', DISPLAY: ':0', WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: '' },
  ...{ XDG_CURRENT_DESKTOP: '', DESKTOP_SESSION: '', XDG_DATA_DIRS: '/nonexistent', XDG_DATA_HOME: '/nonexistent' },
}
beforeEach(() => {
  for (const [name, value] of Object.entries(ALONE)) vi.stubEnv(name, value)
})
afterEach(() => vi.unstubAllEnvs())

onLinux('a browser is handed the path of the page and nothing else', async () => {
  writeFileSync(folder('browser'), `#!/bin/sh\nprintf '%s|' "$@" > "${folder('shown')}"\n`)
  chmodSync(folder('browser'), 0o755)
  vi.stubEnv('BROWSER', folder('browser'))
  mkdirSync(folder('a page; $(touch made) #1'))
  const page = folder('a page; $(touch made) #1', 'index.html')
  writeFileSync(page, '')
  const { stdout, stderr } = await captured([], () => sayPage(page, { open: true }))
  expect([stdout, stderr]).toEqual(['', `opening ${page} in the browser\n`])
  expect(readFileSync(folder('shown'), 'utf8')).toBe(`${page}|`)
})

onLinux('a browser that cannot be started is no error', async () => {
  vi.stubEnv('BROWSER', '/nonexistent')
  const { stderr } = await captured([], () => sayPage('page.html', { open: true }))
  expect(stderr).toBe('no browser could be started here; open page.html\n')
})
