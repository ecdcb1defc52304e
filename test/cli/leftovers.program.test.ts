import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { thisMachine } from '../../src/files/owner.js'
import { modelsFolder } from '../../src/files/package.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { exported } from '../support/exportedModel.js'
import { runHere } from '../support/inProcess.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
beforeEach(async () => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  mkdirSync(folder('pictures'))
  copyFileSync(`${modelsFolder()}/patches/dog.png`, folder('pictures', 'dog.png'))
  await writeModel(folder('own.onnx'), exported())
})
afterEach(() => vi.unstubAllEnvs())

it.each([
  ['patches images PICTURES --out OUT', ['out', 'out/native', 'out/75']],
  ['extract --model tiny-alexnet --patch dog --size 75 --stride 70 --layers fc8 --out OUT', ['out']],
  ['models import vit_b_16 OWN', ['cache/weights', 'cache/graphs']],
])('what a killed process left is cleared by the next %s', async (words, places) => {
  const dead = spawnSync('true').pid
  for (const place of places) {
    mkdirSync(folder(place), { recursive: true })
    writeFileSync(folder(place, `.tmp-${thisMachine()}-${dead}-0123abcd-name`), 'half of it')
  }
  const paths: Readonly<Record<string, string>> = {
    PICTURES: folder('pictures'),
    OUT: folder('out'),
    OWN: folder('own.onnx'),
  }
  const { status, stderr } = await runHere(words.split(' ').map((word) => paths[word] ?? word))
  expect(status, stderr).toBe(0)
  for (const place of places)
    expect([place, readdirSync(folder(place)).filter((name) => name.startsWith('.tmp-'))]).toEqual([place, []])
})
