import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** As many processes, each with calls of its own: SHIFTSCOPE_HOSTILE_SEEDS=1000 npx vitest run test/native/hostile.slow.test.ts */
const seeds = Array.from({ length: Number(process.env.SHIFTSCOPE_HOSTILE_SEEDS ?? 2) }, (_, i) => String(i + 1))
const CALLS = 1000
const TIMEOUT = 120_000

const script = fileURLToPath(new URL('./processes/hostile/main.mjs', import.meta.url))

it.each(seeds)('a process lives through the hostile calls of seed %s', { timeout: 2 * TIMEOUT }, async (seed) => {
  const args = ['--expose-gc', script, '--seed', seed, '--calls', String(CALLS)]
  // An error has the command and what it printed.
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT, killSignal: 'SIGKILL' })
  const [fulfilled = 0, refused = 0] = stdout.match(/\d+/g)?.map(Number) ?? []
  expect(Math.min(fulfilled, refused)).toBeGreaterThan(CALLS / 10)
})
