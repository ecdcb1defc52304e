/**
 * Gives damaged inputs to everything that reads what comes from outside.
 *
 *     npm run fuzz -- --minutes 30 [--seed N] [--reader NAME]…
 *     npm run fuzz -- --reader npy --seed 4 --path 17:2
 *
 * The minutes are shared by the readers. A finding names the seed and the path that repeat it.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    reader: { type: 'string', multiple: true },
    path: { type: 'string' },
  },
})
const env = {
  ...{ ...process.env, FUZZ_MINUTES: values.minutes, FUZZ_SEED: values.seed },
  ...(values.reader && { FUZZ_READERS: values.reader.join() }),
  ...(values.path && { FUZZ_PATH: values.path }),
}
const words = ['vitest', 'run', '--project', 'slow', 'test/fuzz', '--disable-console-intercept']
process.exitCode = spawnSync('npx', words, { stdio: 'inherit', env }).status ?? 1
