/**
 * Makes docs/performance.md and the README's sentence on speed of the figures in bench/results (`bench/record.mjs`):
 *
 *   npm run docs:performance             # --check: only says whether they are what the files say
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = join(root, 'bench/results')
const TITLES = {
  unit: 'A unit, every value computed once',
  extract: 'Every image by itself',
  composite: 'Compositing',
  cosine: 'Similarity',
  svm: 'Classifiers',
}
const WHAT = {
  unit: 'One patch at every position (stride 1) over a bare onnxruntime-node loop on a ready tensor, measured beside it. The floor is how many times fewer multiply-adds there are if every distinct value is computed once; where early layers wait for memory and not for arithmetic, a unit can pass it.',
  extract:
    'The whole pipeline with `--reuse off`, compositing included, over the same bare loop with the best threads and batch.',
  composite: 'Images of 224×224 written by one core, against the bandwidth of writing memory, measured beside it.',
  cosine:
    'Cosines of all positions with five anchors, against the bandwidth of reading memory; what fits the cache passes it.',
  svm: 'Both tasks × five folds, or the problems named, beside scikit-learn’s `SVC(kernel="linear")` on the same machine.',
}

const documents = readdirSync(results)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => ({ name, ...JSON.parse(readFileSync(join(results, name), 'utf8')) }))
const kindOf = ({ command }) => command.split(' ')[2]

const written = [
  ['docs/performance.md', (text) => replaced(text, 'figures', `\n${figures()}\n`)],
  ['README.md', (text) => replaced(text, 'factor', factor())],
].map(([path, make]) => {
  const before = readFileSync(join(root, path), 'utf8')
  return { path, before, after: make(before) }
})
if (process.argv.includes('--check')) {
  const stale = written.filter(({ before, after }) => before !== after).map(({ path }) => path)
  if (stale.length > 0) console.error(`${stale.join(', ')}: not what bench/results says; run npm run docs:performance`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else for (const { path, after } of written) writeFileSync(join(root, path), after)

/** Text with other words between the comments of this name. */
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
      return [`## ${TITLES[kind]}`, WHAT[kind], ...own.flatMap((one) => [tableOf(kind, one.results), originOf(one)])]
    })
    .concat('')
    .join('\n\n')
}

/** What was run where, as far as the file knows. */
function originOf({ name, command, remark, environment }) {
  const { date, processor, cores, memoryBytes, system, instructionSet, node, onnxruntime, shiftscope } = environment
  const { loadBefore, loadAfter } = environment
  const machine = [`${processor}, ${cores} cores (${instructionSet})`]
  if (memoryBytes !== undefined) machine.push(`${Math.round(memoryBytes / 2 ** 30)} GiB`)
  if (system !== undefined) machine.push(system)
  const programs = [
    ...(node === undefined ? [] : [`Node.js ${node}`]),
    ...(onnxruntime === undefined ? [] : [`ONNX Runtime ${onnxruntime}`]),
    `Shiftscope ${shiftscope}`,
  ]
  const load = loadBefore === undefined ? '' : `; load ${loadBefore} before, ${loadAfter} after`
  return [
    `\`${command}\`${date === undefined ? '' : `, ${date}`}: ${machine.join(', ')}; ${programs.join(', ')}${load}.`,
    ...(remark === undefined ? [] : [remark]),
    `[${name}](../bench/results/${name})`,
  ].join('\n')
}

function tableOf(kind, found) {
  if (kind === 'unit')
    return table(
      ['network', 'patch', 'bare loop', 'every image', 'unit', 'over bare loop', 'floor'],
      found.map((row) => [
        row.model,
        `${row.size} px`,
        perSecond(row.bare),
        perSecond(row.plain),
        perSecond(row.extraction === undefined ? undefined : row.images / row.extraction),
        `**${times(row.gain)}**`,
        times(row.floor),
      ]),
    )
  if (kind === 'extract')
    return table(
      ['network', 'workers × threads, batch', 'bare loop', 'pipeline', 'ratio', 'of'],
      found.map(({ model, settings, bare, pipeline, ratio, ratios }) => [
        model,
        `${settings.workers} × ${settings.threads}, ${settings.batch}`,
        perSecond(bare),
        perSecond(pipeline),
        `**${ratio.toFixed(2)}**`,
        `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
      ]),
    )
  if (kind === 'composite')
    return table(
      ['background', 'patch', 'images/s', 'written', 'bandwidth', 'share'],
      found.rows.map(({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction }) => [
        background,
        `${size} px`,
        Math.round(imagesPerSecond),
        gigabytes(bytesPerSecond),
        gigabytes(bandwidth),
        `**${fraction.toFixed(2)}**`,
      ]),
    )
  if (kind === 'cosine')
    return table(
      ['positions × dims', 'threads', 'positions/s', 'read', 'bandwidth', 'share'],
      found.rows.map(({ rows, dims, threads, positionsPerSecond, bytesPerSecond, bandwidth, fraction }) => [
        `${rows} × ${dims}`,
        threads,
        Math.round(positionsPerSecond),
        gigabytes(bytesPerSecond),
        gigabytes(bandwidth),
        `**${fraction.toFixed(2)}**`,
      ]),
    )
  const { positions, dims, loss, threads, seconds, readFloor, passes, peer } = found
  return table(
    ['features', 'loss', 'threads', 'ten problems', 'passes', 'reading them alone', 'scikit-learn'],
    [
      [
        `${positions} × ${dims}`,
        loss,
        threads,
        `${seconds.toFixed(2)} s`,
        passes,
        `${readFloor.toFixed(2)} s`,
        peer
          ? `**${peer.ratio.toFixed(0)}** times as long, accuracies within ${peer.accuracyDifference.toFixed(4)}`
          : '–',
      ],
    ],
  )
}

/** The range of gains over the bare loop, how many networks it is of, and where they were measured. */
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

function times(ratio) {
  return `${ratio.toFixed(1)}×`
}

/** Undefined: the file does not know it. */
function perSecond(rate) {
  if (rate === undefined) return '–'
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB/s`
}
