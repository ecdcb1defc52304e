/**
 * Kills processes of the built command line, damages their files, and fills their disks.
 *
 *     npm run campaign -- --minutes 30 [--seed N] [--part kills|damages|fullDisk]…
 *
 * The minutes are shared by the parts. What each found stands in build/campaign/PART.jsonl; a finding names the seed and the round that
 * repeat it: CAMPAIGN_SEED=1 CAMPAIGN_ROUND=6 npx vitest run test/campaign/PART.slow.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const all = readdirSync('test/campaign').flatMap((file) => /^(.+)\.slow\.test\.ts$/.exec(file)?.[1] ?? [])
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    part: { type: 'string', multiple: true, default: all },
  },
})
const seconds = (Number(values.minutes) * 60) / values.part.length
const files = values.part.map((part) => `test/campaign/${part}.slow.test.ts`)
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--no-file-parallelism', ...files, '--disable-console-intercept'],
  {
    stdio: 'inherit',
    env: { ...process.env, CAMPAIGN_SECONDS: String(seconds), CAMPAIGN_SEED: values.seed },
  },
)
process.exitCode = status ?? 1
