import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { buildEmulatedAddon, EMULATED_ADDON } from '../support/emulatedCuda.js'

const HOSTILE = fileURLToPath(new URL('../native/processes/hostile/main.mjs', import.meta.url))

it.skipIf(!(await buildEmulatedAddon()))('features on an emulated CUDA device live through hostile calls', async () => {
  const args = ['--expose-gc', HOSTILE, '--seed', '1', '--calls', '2000', '--addon', EMULATED_ADDON]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toMatch(/^\d+ fulfilled, \d+ refused\n$/)
})
