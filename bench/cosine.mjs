/**
 * Measures how fast the cosines of all positions with the five anchors are computed, relative to the speed of reading
 * memory with as many threads. With `--device`, also compares a GPU with the processor:
 *
 *   npm run build && node bench/cosine.mjs [--repeats 9] [--device cuda:INDEX] [--rows 22500] [--dims 4096,1000]
 *     [--threads 1,2] [--json]
 *
 * Lower limit: every feature is read once, 22,500·4096·4 = 369 MB for fc6 at size 75. Each value takes 1 + anchors
 * multiply-adds in float64. With five anchors and two 512-bit units, a core does that at 10.7 bytes per cycle, 32 GB/s
 * at 3 GHz, above the memory bandwidth of most cores. 256-bit units are half as fast, so that arithmetic and memory
 * take about the same time.
 */
import { print, printJson, printTable } from '../dist/cli/output/output.js'
import { cosineSimilarity, instructionSet, releaseFeatures, uploadFeatures } from '../dist/native.js'
import { median, secondsOf } from '../dist/support/stopwatch.js'
import { cardBeside, gigabytes, readBandwidth, runScript, wholeNumber, wholeNumbers } from './script.mjs'

const ANCHORS = 5

await runScript(
  {
    options: {
      repeats: { type: 'string', default: '9' },
      device: { type: 'string', default: 'cpu' },
      rows: { type: 'string', default: '22500' },
      dims: { type: 'string', default: '4096,1000' },
      threads: { type: 'string', default: '1,2' },
      json: { type: 'boolean', default: false },
    },
  },
  async ({ values }) => {
    const result = await benchCosine({
      repetitions: wholeNumber(values.repeats),
      rows: wholeNumber(values.rows),
      dims: wholeNumbers(values.dims),
      threads: wholeNumbers(values.threads),
      card: cardBeside(values.device),
    })
    if (values.json) return printJson(result)
    print(`instruction set ${result.instructionSet}`)
    printTable(
      ['positions × dims', 'threads', 'positions/s', 'GB/s', 'bandwidth GB/s', 'fraction'],
      result.rows.map(({ rows, dims, threads, positionsPerSecond, bytesPerSecond, bandwidth, fraction }) => [
        `${rows} × ${dims}`,
        threads,
        Math.round(positionsPerSecond),
        gigabytes(bytesPerSecond),
        gigabytes(bandwidth),
        fraction.toFixed(2),
      ]),
    )
    if (result.card === undefined) return
    print(`${result.card.device} (${result.card.adapter}):`)
    printTable(
      ['positions × dims', 'upload ms', 'cosines ms', 'GB/s', 'times as fast as the processor', 'difference'],
      result.card.rows.map(({ rows, dims, uploadSeconds, seconds, bytesPerSecond, ratio, difference }) => [
        `${rows} × ${dims}`,
        (uploadSeconds * 1000).toFixed(1),
        (seconds * 1000).toFixed(1),
        gigabytes(bytesPerSecond),
        ratio.toPrecision(2),
        difference.toExponential(1),
      ]),
    )
  },
)

/**
 * Compares every row of a matrix with its first rows, alternating with measurements of the read bandwidth on the same
 * memory. Compares medians, because other work on the machine can slow single measurements.
 */
async function benchCosine({ rows, dims, card, ...options }) {
  const measured = []
  for (const width of dims) {
    const features = new Float32Array(rows * width)
    for (let i = 0; i < features.length; i++) features[i] = ((i * 7919) % 1013) / 1013 - 0.4
    const anchors = features.slice(0, ANCHORS * width)
    measured.push(await measure({ features, rows, dims: width, anchors, anchorCount: ANCHORS }, { card, ...options }))
  }
  return {
    instructionSet: instructionSet(),
    rows: measured.flatMap(({ processor }) => processor),
    ...(card && {
      card: { device: `cuda:${card.index}`, adapter: card.name, rows: measured.map((one) => one.card) },
    }),
  }
}

/** Times each number of threads, and the GPU, in turn. */
async function measure(work, { threads, repetitions, card }) {
  const measured = threads.map((count) => ({ count, times: [], limits: [] }))
  const trials = []
  let expected
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const { count, times, limits } of measured) {
      limits.push(await readBandwidth(work.features, work.rows, work.dims, count))
      const compare = async () => {
        expected = await cosineSimilarity({ ...work, threads: count })
      }
      times.push(await secondsOf(compare))
    }
    if (card !== undefined) trials.push(await tryCard(work, card))
  }
  const processor = measured.map(({ count, times, limits }) => {
    const speed = speedOf(work, median(times))
    const bandwidth = median(limits)
    return { ...speed, threads: count, bandwidth, fraction: speed.bytesPerSecond / bandwidth }
  })
  const fastest = Math.min(...processor.map(({ seconds }) => seconds))
  return { processor, ...(card && { card: cardRow(work, trials, fastest, expected) }) }
}

/** Positions per second, and bytes of features per second. */
function speedOf({ features, rows, dims, anchorCount }, seconds) {
  return {
    ...{ rows, dims, anchorCount, seconds },
    positionsPerSecond: rows / seconds,
    bytesPerSecond: features.byteLength / seconds,
  }
}

/** Seconds to upload the features, and seconds to compute the cosines of uploaded features. */
async function tryCard(work, card) {
  const start = performance.now()
  const features = await uploadFeatures(work.features, work.rows, work.dims, card.index)
  const middle = performance.now()
  try {
    const cosines = await cosineSimilarity({ ...work, features })
    return { upload: (middle - start) / 1000, compare: (performance.now() - middle) / 1000, cosines }
  } finally {
    releaseFeatures(features)
  }
}

/**
 * `ratio` is the speed relative to the processor with its fastest number of threads. `difference` is the largest
 * difference from the processor's cosines.
 */
function cardRow(work, trials, processorSeconds, expected) {
  const seconds = median(trials.map(({ compare }) => compare))
  const { cosines } = trials.at(-1)
  return {
    ...speedOf(work, seconds),
    uploadSeconds: median(trials.map(({ upload }) => upload)),
    ratio: processorSeconds / seconds,
    difference: cosines.reduce((most, cosine, i) => Math.max(most, Math.abs(cosine - expected[i])), 0),
  }
}
