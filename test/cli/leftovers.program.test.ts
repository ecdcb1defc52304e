import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, it } from 'vitest'
import { thisMachine } from '../../src/files/owner.js'
import { modelsFolder } from '../../src/files/package.js'
import { DEAD_PID } from '../support/deadProcess.js'
import { runHere } from '../support/inProcess.js'
import { narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { writeTorchZip } from '../support/torchFile.js'

narrowCatalog()
const folder = networkFolder()
beforeEach(() => {
  mkdirSync(folder('pictures'))
  copyFileSync(`${modelsFolder()}/patches/dog.png`, folder('pictures', 'dog.png'))
  writeTorchZip(folder('own.pth'), tensorsOf('mobilenet_v2'))
})

it.each([
  ['patches images PICTURES --out OUT', ['out', 'out/native', 'out/75']],
  ['extract --model tiny-alexnet --patch dog --size 75 --stride 70 --layers fc8 --out OUT', ['out']],
  ['models import mobilenet_v2 OWN.pth', ['cache/weights', 'cache/graphs']],
])('what a killed process left is cleared by the next %s', async (words, left) => {
  for (const place of left) {
    mkdirSync(folder(place), { recursive: true })
    writeFileSync(folder(place, `.tmp-${thisMachine()}-${DEAD_PID}-0123abcd-name`), 'half of it')
  }
  const places = words.split(' ').map((word) => word.replace(/^[A-Z]{3,}/, (name) => folder(name.toLowerCase())))
  const { status, stderr } = await runHere(places)
  expect(status, stderr).toBe(0)
  for (const place of left)
    expect([place, readdirSync(folder(place)).filter((name) => name.startsWith('.tmp-'))]).toEqual([place, []])
})
