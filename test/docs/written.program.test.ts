import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../support/markdown.js'

const SCRIPTS = ['make_commands.mjs', 'make_findings.mjs', 'make_networks_compared.mjs', 'make_reproduction.mjs']

it.each(SCRIPTS)('%s has written into the docs what the stored results say', (name) => {
  const script = join(ROOT, 'docs', name)
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
