import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../temporaryFolder.js'

const folder = temporaryFolder()
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--patches', 'dog']

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
