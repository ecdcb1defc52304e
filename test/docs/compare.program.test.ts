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

const PHOTOGRAPHS = 40

/** Ten objects on white, of the size that the networks read, each mirrored and turned over in all four ways. */
async function makePhotographs(): Promise<void> {
  mkdirSync(inFolder('photographs'))
  const labels = ['file,class']
  const objects = readdirSync(join(MODELS, 'patches')).filter((name) => name.endsWith('.png'))
  for (const [i, name] of [...objects, ...objects, ...objects, ...objects].entries()) {
    const way = Math.floor(i / objects.length)
    const picture = sharp(join(MODELS, 'patches', name)).flatten({ background: '#ffffff' })
    const turned = picture.flop(way % 2 === 1).flip(way > 1)
    await turned
      .resize(256, 256, { fit: 'fill' })
      .png()
      .toFile(inFolder('photographs', `${way}-${name}`))
    labels.push(`${way}-${name},${name.replace('.png', '')}`)
  }
  writeFileSync(inFolder('labels.csv'), labels.join('\n'))
}

/** Runs the script with an npx that starts this package, as in a workflow of GitHub. */
function run(network: string, labels: string) {
  const path = `${inFolder('bin')}${delimiter}${process.env.PATH}`
  const env = { ...process.env, PATH: path, GITHUB_ACTIONS: 'true', LABELS: labels }
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

    const first = await run('tiny-alexnet-aa.onnx', 'labels.csv')
    expect([first.status, first.stderr]).toEqual([
      3,
      expect.stringContaining('made shift-baseline, so there was nothing to compare; commit this folder'),
    ])
    expect(readdirSync(inFolder('shift-baseline'))).toEqual(['answers'])
    expect(readdirSync(inFolder('shift-baseline/answers/tiny-alexnet-aa')).sort()).toEqual([
      'center',
      'crop',
      'diagonal',
      'photographs.csv',
    ])
    expect(existsSync(inFolder('comparison.md'))).toBe(false)

    const same = await run('tiny-alexnet-aa.onnx', 'labels.csv')
    expect([same.status, same.stdout]).toEqual([0, expect.stringContaining('✓ crop relative-agreement: unchanged')])
    expect(readFileSync(inFolder('comparison.md'), 'utf8')).toContain(`${PHOTOGRAPHS} pairs of photographs`)

    const worse = await run('tiny-alexnet-noflip.onnx', 'labels.csv')
    expect([worse.status, worse.stderr]).toEqual([5, expect.stringContaining('limits failed: ')])
    expect(worse.stderr).toMatch(/^::error::compare: diagonal relative-agreement: 0\.\d+ worse /m)
    expect(readFileSync(inFolder('comparison.md'), 'utf8')).toContain('✗ diagonal relative-agreement')

    const [lost = ''] = readdirSync(inFolder('photographs'))
    rmSync(inFolder('photographs', lost))
    const fewer = await run('tiny-alexnet-aa.onnx', '')
    expect([fewer.status, fewer.stderr]).toEqual([3, expect.stringContaining(`only before: ${lost} (`)])
    expect(fewer.stdout).toContain('::error::compare.sh: not in both results')
    expect(existsSync(inFolder('comparison.md'))).toBe(false)
  },
)
