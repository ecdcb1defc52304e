import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('processes/compositors.mjs', import.meta.url))

it.each([
  ['scenes that are no longer drawn take no memory', 'drawn'],
  ['compositors that are forgotten are garbage-collected before they fill the memory', 'forgotten'],
])('%s', (_, which) => {
  const grown = Number(execFileSync(process.execPath, [script, which], { encoding: 'utf8' }))
  // All 200 together would be 200.
  expect(grown).toBeLessThan(100)
})
