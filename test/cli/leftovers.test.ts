import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { thisMachine } from '../../src/files/owner.js'
import { modelsFolder } from '../../src/files/package.js'
import { DEAD_PID } from '../support/deadProcess.js'
import { runHere } from '../support/inProcess.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

it('what a killed process left is cleared by the next command that writes there', async () => {
  mkdirSync(folder('pictures'))
  copyFileSync(`${modelsFolder()}/patches/dog.png`, folder('pictures', 'dog.png'))
  const places = [folder('out'), folder('out', 'native'), folder('out', '75')]
  for (const place of places) {
    mkdirSync(place, { recursive: true })
    writeFileSync(`${place}/.tmp-${thisMachine()}-${DEAD_PID}-0123abcd-name`, 'half of it')
  }
  const { status, stderr } = await runHere(['patches', 'images', folder('pictures'), '--out', folder('out')])
  expect(status, stderr).toBe(0)
  for (const place of places) expect(readdirSync(place).filter((name) => name.startsWith('.tmp-'))).toEqual([])
})
