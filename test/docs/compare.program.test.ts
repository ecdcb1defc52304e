import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { endOf } from '../support/commandLine.js'
import { leftOut } from '../support/leftOut.js'
import { ROOT } from '../support/markdown.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const MODELS = join(ROOT, 'models')

/** Six objects on white, of the size that the networks read. */
async function makePhotographs(): Promise<void> {
  mkdirSync(inFolder('photographs'))
  const objects = readdirSync(join(MODELS, 'patches')).filter((name) => name.endsWith('.png'))
  for (const name of objects.slice(0, 6)) {
    const picture = sharp(join(MODELS, 'patches', name)).flatten({ background: '#ffffff' })
    await picture.resize(256, 256, { fit: 'fill' }).png().toFile(inFolder('photographs', name))
  }
}

/** Runs the script with an npx that starts this package. */
function run(network: string) {
  const env = { ...process.env, PATH: `${inFolder('bin')}${delimiter}${process.env.PATH}` }
  const words = [join(ROOT, 'examples/compare.sh'), join(MODELS, network), 'photographs']
  return endOf(spawn('bash', words, { cwd: inFolder(), env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

it.skipIf(leftOut(process.platform === 'win32', 'it needs a POSIX system'))(
  'compare.sh makes a baseline, passes with the same network, and fails with a worse one or without a photograph',
  async () => {
    await makePhotographs()
    mkdirSync(inFolder('bin'))
    symlinkSync(join(ROOT, 'bin/shiftscope.js'), inFolder('bin/shiftscope'))
    writeFileSync(inFolder('bin/npx'), '#!/bin/sh\nexec "$@"\n')
    chmodSync(inFolder('bin/npx'), 0o755)

    const first = await run('tiny-alexnet-aa.onnx')
    expect([first.status, first.stderr]).toEqual([
      3,
      expect.stringContaining('made shift-baseline; commit this folder'),
    ])
    expect(readdirSync(inFolder('shift-baseline'))).toEqual(['answers'])
    expect(readdirSync(inFolder('shift-baseline/answers/tiny-alexnet-aa')).sort()).toEqual([
      'crop',
      'diagonal',
      'photographs.csv',
    ])
    expect(existsSync(inFolder('comparison.md'))).toBe(false)

    const same = await run('tiny-alexnet-aa.onnx')
    expect([same.status, same.stdout]).toEqual([
      0,
      expect.stringContaining('✓ tiny-alexnet-aa, crop agreement: unchanged'),
    ])
    expect(readFileSync(inFolder('comparison.md'), 'utf8')).toContain('6 pairs of photographs')

    const worse = await run('tiny-alexnet-noflip.onnx')
    expect([worse.status, worse.stderr]).toEqual([5, expect.stringContaining('became worse by more than the limit')])
    expect(readFileSync(inFolder('comparison.md'), 'utf8')).toContain('✗ tiny-alexnet-noflip (before: tiny-alexnet-aa)')

    const [lost = ''] = readdirSync(inFolder('photographs'))
    rmSync(inFolder('photographs', lost))
    const fewer = await run('tiny-alexnet-aa.onnx')
    expect([fewer.status, fewer.stderr]).toEqual([3, expect.stringContaining('made of other photographs')])
    expect(fewer.stdout).toContain(`< ${lost},`)
    expect(existsSync(inFolder('comparison.md'))).toBe(false)
  },
)
