/**
 * Runs a benchmark, and stores its results and a description of the machine in bench/results/NAME.json:
 *
 *   npm run build && node bench/record.mjs NAME [--remark TEXT] BENCH [options of BENCH]
 *
 * BENCH is `unit` (`shiftscope bench unit`), or a script of this folder: authorsMaps, composite, cosine, draws, folds, networks, reproduction, statistics or
 * svm. Its options follow, such as `unit --models tiny-alexnet --sizes 75,125`. Afterwards, `npm run docs:performance` writes all results into
 * docs/performance.md.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { instructionSet } from '../dist/native.js'

const [name, ...rest] = process.argv.slice(2)
const remark = rest[0] === '--remark' ? rest[1] : undefined
const words = rest.slice(remark === undefined ? 0 : 2)
if (!/^[\w-]+$/.test(name ?? '') || words.length === 0) {
  console.error('usage: node bench/record.mjs NAME [--remark TEXT] BENCH [options of BENCH]')
  process.exit(2)
}

const load = () => Number(loadavg()[0].toFixed(1))
const before = load()
const [bench, ...options] = words
const isScript = [
  'authorsMaps',
  'composite',
  'cosine',
  'draws',
  'folds',
  'networks',
  'reproduction',
  'statistics',
  'svm',
].includes(bench)
const program = isScript ? [pathOf(`${bench}.mjs`)] : [pathOf('../dist/cli/main.js'), 'bench', bench]
const ended = spawnSync(process.execPath, [...program, ...options, '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
})
if (ended.status !== 0) process.exit(ended.status ?? 1)
const environment = {
  date: new Date().toISOString().slice(0, 10),
  processor: cpus()[0].model,
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  system: `${type()} ${release()}, ${process.arch}`,
  instructionSet: instructionSet(),
  node: process.version,
  onnxruntime: versionOf('../node_modules/onnxruntime-node/package.json'),
  shiftscope: versionOf('../package.json'),
  /** Load averages over one minute. The one afterwards includes the benchmark itself. */
  loadBefore: before,
  loadAfter: load(),
}
const command = [isScript ? `node bench/${bench}.mjs` : `shiftscope bench ${bench}`, ...options].join(' ')
const document = { command, ...(remark && { remark }), environment, results: JSON.parse(ended.stdout) }
// A list of numbers stays on one line.
const text = JSON.stringify(document, null, 2).replace(/\[[\s\d,.e+-]+\]/g, (list) => list.replace(/\s+/g, ' '))
writeFileSync(new URL(`results/${name}.json`, import.meta.url), `${text}\n`)

function pathOf(file) {
  return fileURLToPath(new URL(file, import.meta.url))
}

function versionOf(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
}
