/**
 * Writes the results of `bench/record.mjs` (bench/results) into docs/performance.md and the README's sentence on speed:
 *
 *   npm run docs:performance             # with --check, only report whether both are up to date
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = join(root, 'bench/results')
const TITLES = {
  unit: 'Units with reuse',
  composite: 'Placing the object',
  cosine: 'Similarity',
  svm: 'Classifiers',
}
const WHAT = {
  unit: 'The tables show how many images per second Shiftscope computes, for one object at all positions. The stride is 1 px unless the command below the table sets another. The last column is the number of multiply-adds without reuse, divided by the number that remains if each distinct value is computed once. The speed-up can be larger if memory, not arithmetic, limits the early layers.',
  composite:
    'One core places the object on the background and writes images of 224×224 pixels. The bandwidth is the speed at which it can write memory, measured in the same run.',
  cosine:
    'The table shows how fast Shiftscope computes the cosines of all positions with the five anchors. The bandwidth is the speed of reading memory. Features that fit into the processor’s cache can be read faster than that.',
  svm: 'The table shows how long it takes to train all ten classifiers of a layer (two tasks × five folds). The last column compares this with `SVC(kernel="linear")` of scikit-learn on the same machine.',
}

const documents = readdirSync(results)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => ({ name, ...JSON.parse(readFileSync(join(results, name), 'utf8')) }))
const TABLES = { unit: unitTable, composite: compositeTable, cosine: cosineTable, svm: svmTable }

const kindOf = ({ command }) => /^(?:shiftscope bench |node bench\/)(\w+)/.exec(command)[1]

const written = [
  ['docs/performance.md', (text) => replaced(text, 'figures', `\n${figures()}\n`)],
  ['README.md', (text) => replaced(text, 'factor', factor())],
].map(([path, make]) => {
  const before = readFileSync(join(root, path), 'utf8')
  return { path, before, after: make(before) }
})
if (process.argv.includes('--check')) {
  const stale = written.filter(({ before, after }) => before !== after).map(({ path }) => path)
  if (stale.length > 0)
    console.error(`${stale.join(', ')}: out of date with bench/results; run npm run docs:performance`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else for (const { path, after } of written) writeFileSync(join(root, path), after)

/** Replaces the text between the two comments of this name. */
function replaced(text, name, words) {
  const between = new RegExp(`(<!-- ${name} of bench/results -->)[\\s\\S]*?(<!-- end of ${name} -->)`)
  if (!between.test(text)) throw new Error(`no comments "${name} of bench/results"`)
  return text.replace(between, (_, begin, end) => `${begin}${words}${end}`)
}

function figures() {
  return Object.keys(TITLES)
    .flatMap((kind) => {
      const own = documents.filter((document) => kindOf(document) === kind)
      if (own.length === 0) return []
      return [`## ${TITLES[kind]}`, WHAT[kind], ...own.flatMap((one) => [TABLES[kind](one.results), originOf(one)])]
    })
    .concat('')
    .join('\n\n')
}

/** A list below a table: its command, machine and versions. */
function originOf({ name, command, remark, environment }) {
  const { date, processor, cores, memoryBytes, system, instructionSet, node, onnxruntime, shiftscope } = environment
  const { loadBefore, loadAfter } = environment
  const gibibytes = Math.round(memoryBytes / 2 ** 30)
  return [
    `\`${command}\` (${date})`,
    `${processor}, ${cores} cores (${instructionSet}), ${gibibytes} GiB, ${system}`,
    `Node.js ${node}, ONNX Runtime ${onnxruntime}, Shiftscope ${shiftscope}`,
    `load average (processes that run or wait for a core): ${loadBefore} before, ${loadAfter} after`,
    ...(remark === undefined ? [] : [remark]),
    `[${name}](../bench/results/${name})`,
  ]
    .map((line) => `- ${line}`)
    .join('\n')
}

function unitTable(found) {
  return table(
    [
      'network',
      'size',
      'bare loop',
      'without reuse',
      'with reuse',
      'speed-up over bare loop',
      'multiply-adds, without ÷ with reuse',
    ],
    found.map((row) => [
      row.model,
      `${row.size} px`,
      perSecond(row.bare),
      perSecond(row.plain),
      perSecond(row.extraction === undefined ? undefined : row.images / row.extraction),
      `**${times(row.gain)}**`,
      row.floor.toFixed(1),
    ]),
  )
}

function compositeTable(found) {
  return table(
    ['background', 'object size', 'images/s', 'written', 'bandwidth', 'written ÷ bandwidth'],
    found.rows.map(({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction }) => [
      background,
      `${size} px`,
      Math.round(imagesPerSecond),
      gigabytes(bytesPerSecond),
      gigabytes(bandwidth),
      `**${fraction.toFixed(2)}**`,
    ]),
  )
}

function cosineTable(found) {
  return table(
    ['positions × values', 'threads', 'positions/s', 'read', 'bandwidth', 'read ÷ bandwidth'],
    found.rows.map(({ rows, dims, threads, positionsPerSecond, bytesPerSecond, bandwidth, fraction }) => [
      `${rows} × ${dims}`,
      threads,
      Math.round(positionsPerSecond),
      gigabytes(bytesPerSecond),
      gigabytes(bandwidth),
      `**${fraction.toFixed(2)}**`,
    ]),
  )
}

function svmTable({ positions, dims, threads, seconds, readFloor, passes, problems, peer }) {
  const compared = problems.filter((problem) => problem.peer !== undefined).length
  return table(
    ['positions × values', 'threads', 'time', 'reads the features', 'time of these reads alone', 'scikit-learn'],
    [
      [
        `${positions} × ${dims}`,
        threads,
        `${seconds.toFixed(2)} s`,
        `${passes} times`,
        `${readFloor.toFixed(2)} s`,
        peer
          ? `**${peer.ratio.toFixed(0)}×** as long, measured on ${compared} of the 10 classifiers; ${accuracyText(peer)}`
          : '–',
      ],
    ],
  )
}

/** The range of speed-ups over the bare loop, the number of networks, and the machines. */
function factor() {
  const units = documents
    .filter((document) => kindOf(document) === 'unit')
    .flatMap(({ environment, results }) => results.map((unit) => ({ ...unit, environment })))
  const gains = units.map(({ gain }) => gain)
  const networks = new Set(units.map(({ model }) => model))
  const machines = new Set(units.map(({ environment }) => `${environment.cores} cores of an ${environment.processor}`))
  return `${Math.min(...gains).toFixed(1)}–${times(Math.max(...gains))} as fast for ${networks.size} networks (${[...machines].join(' and ')})`
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function accuracyText({ accuracyDifference }) {
  const points = (100 * accuracyDifference).toFixed(1)
  return points === '0.0' ? 'equal accuracy to 0.1 points' : `accuracies differ by at most ${points} points`
}

function times(ratio) {
  return `${ratio.toFixed(1)}×`
}

/** @param rate undefined if the file has no such rate */
function perSecond(rate) {
  if (rate === undefined) return '–'
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB/s`
}
