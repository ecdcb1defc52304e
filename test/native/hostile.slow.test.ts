import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** As many processes, each with calls of its own: SHIFTSCOPE_HOSTILE_SEEDS=1000 npx vitest run test/native/hostile.slow.test.ts */
const seeds = Number(process.env.SHIFTSCOPE_HOSTILE_SEEDS ?? 3)
const CALLS = 2000
const TIMEOUT = 120_000

const script = fileURLToPath(new URL('./processes/hostile/main.mjs', import.meta.url))

it.each(Array.from({ length: seeds }, (_, i) => i + 1))(
  'the process lives through the hostile calls of seed %i',
  async (seed) => {
    const args = ['--expose-gc', script, '--seed', String(seed), '--calls', String(CALLS)]
    const run = promisify(execFile)(process.execPath, args, { timeout: TIMEOUT, killSignal: 'SIGKILL' })
    const { stdout } = await run.catch((error) => {
      const { signal, code, stderr } = error as { signal: string | null; code: number; stderr: string }
      throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}: ${stderr}`)
    })
    const [fulfilled, refused] = stdout.match(/\d+/g)?.map(Number) ?? []
    expect(Math.min(fulfilled ?? 0, refused ?? 0)).toBeGreaterThan(CALLS / 10)
  },
  2 * TIMEOUT,
)
