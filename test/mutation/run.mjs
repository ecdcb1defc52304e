/**
 * How many small changes of the source the fast tests notice: StrykerJS on randomly drawn lines.
 *
 *     npm run mutation -- [--seed N] [--windows N] [--tests FOLDER] [FILE|FOLDER]…
 *
 * Without files it draws from the rooms whose errors nobody would see. In each window of lines it tries every change that
 * StrykerJS knows, but for those of texts, which people read. What survived stands at the end and in build/mutation/mutants.json.
 * --tests runs those of one folder alone, which is much faster.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const SILENT_ROOMS = [
  'src/experiments',
  'src/engine/reuse',
  'src/engine/scene/positions.ts',
  'src/patches',
  'src/results',
  'src/files/lock.ts',
  'src/files/lockFile.ts',
  'src/files/sha256.ts',
  'src/files/sealedJson.ts',
]
const WINDOW_LINES = 6
const MUTANTS = 'build/mutation/mutants.json'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    windows: { type: 'string', default: '80' },
    tests: { type: 'string', default: 'test' },
  },
})
const files = (positionals.length > 0 ? positionals : SILENT_ROOMS).flatMap(filesIn)
const lines = files.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((_, i) => ({ file, line: i + 1 })),
)
const mutate = Array.from({ length: Number(values.windows) }, (_, i) => {
  const { file, line } = lines[numberOf(`${values.seed} ${i}`) % lines.length]
  return `${file}:${line}-${line + WINDOW_LINES - 1}`
})
mkdirSync('build/mutation', { recursive: true })
const config = {
  mutate,
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  mutator: { excludedMutations: ['StringLiteral'] },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 20,
  // The copy of the checkout that it works in is taken without these; it links node_modules.
  ignorePatterns: ['/build', '/docs', '/examples', '/native/build/*', '!/native/build/Release'],
  tempDirName: 'build/mutation/checkouts',
  // StrykerJS would read it by an interface that TypeScript no longer has.
  tsconfigFile: 'none',
  reporters: ['progress-append-only', 'json'],
  jsonReporter: { fileName: MUTANTS },
}
writeFileSync('build/mutation/config.json', JSON.stringify(config, null, 2))
const { status } = spawnSync('npx', ['stryker', 'run', 'build/mutation/config.json'], {
  stdio: 'inherit',
  env: { ...process.env, SHIFTSCOPE_MUTATION_TESTS: values.tests },
})
process.exitCode = status ?? 1
if (status === 0) tell(JSON.parse(readFileSync(MUTANTS, 'utf8')).files)

/** Prints what no test noticed, and how much was. */
function tell(files) {
  let [noticed, all] = [0, 0]
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split('\n')
    for (const { status, location, replacement } of mutants) {
      if (['Ignored', 'CompileError', 'RuntimeError'].includes(status)) continue
      all++
      if (['Killed', 'Timeout'].includes(status)) noticed++
      else
        console.log(
          `${status} ${file}:${location.start.line}: ${lines[location.start.line - 1].trim()}\n  with ${replacement}`,
        )
    }
  }
  console.log(`${noticed} of ${all} changes noticed (seed ${values.seed})`)
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)))
}

/** A number that a text stands for, the same on every machine. */
function numberOf(text) {
  return createHash('sha256').update(text).digest().readUInt32LE()
}
