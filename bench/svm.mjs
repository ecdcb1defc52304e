/**
 * Compares the time to train the ten classifiers of a layer (two tasks in five `ordered` folds) with the time to read
 * its features. On request, also with the times of a GPU and of scikit-learn:
 *
 *   npm run build && node bench/svm.mjs [FILE.npy] [--repeats 5] [--threads N] [--device cuda:INDEX] [--compare]
 *     [--problems 0,5] [--json]
 *
 * FILE has features from `shiftscope extract`; without it, they are made up. `--threads` is the number of cores by
 * default. `--compare` needs scikit-learn in python3. `--problems` limits scikit-learn to some of the ten classifiers:
 * 0 to 4 are left-right, 5 to 9 top-bottom.
 *
 * Lower limit: every pass reads the features once and takes ten multiply-adds per float, 2.5 per byte. One core's
 * vector units do that at 25 GB/s and more, so the memory is the limit. In addition, each sample that was ever in a
 * working set is multiplied with the others of its task: m²/2·dims multiply-adds for m samples of a task.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { duration, print, printJson, printTable, say } from '../dist/cli/output/output.js'
import { UsageError } from '../dist/errors.js'
import { assignFolds, FOLDS, TASKS, taskClasses, trainingLabels } from '../dist/experiments/classifiers/folds.js'
import { onCard } from '../dist/experiments/maps/card.js'
import { openFeatures } from '../dist/features/features.js'
import { instructionSet, trainSvm } from '../dist/native.js'
import { availableCores } from '../dist/support/machine.js'
import { median, secondsOf } from '../dist/support/stopwatch.js'
import { counted } from '../dist/support/text.js'
import { cardBeside, readBandwidth, runScript, wholeNumber } from './script.mjs'

const C = 1

await runScript(
  {
    allowPositionals: true,
    options: {
      repeats: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableCores()) },
      device: { type: 'string', default: 'cpu' },
      compare: { type: 'boolean', default: false },
      problems: { type: 'string', default: '0,1,2,3,4,5,6,7,8,9' },
      json: { type: 'boolean', default: false },
    },
  },
  async ({ values, positionals: [file] }) => {
    const options = {
      repetitions: wholeNumber(values.repeats),
      threads: wholeNumber(values.threads),
      card: cardBeside(values.device),
      peerProblems: values.compare ? problemsOf(values.problems) : [],
    }
    const result = await benchSvm(file === undefined ? formulaFeatures() : await openFeatures(file), options)
    if (values.json) return printJson(result)
    printResult(result)
    if (values.compare && result.peer === undefined) say('python3 cannot import sklearn; install scikit-learn')
  },
)

function problemsOf(text) {
  if (!/^\d(,\d)*$/.test(text)) throw new UsageError(`problems ${text}: give numbers from 0 to 9, separated by commas`)
  return text.split(',').map(Number)
}

function printResult({ positions, dims, threads, seconds, passes, readFloor, problems, card, peer, ...result }) {
  print(`${positions} × ${dims}, instruction set ${result.instructionSet}, ${counted(threads, 'thread')}`)
  print(
    `all ten problems ${duration(seconds)}; ${counted(passes, 'pass', 'passes')}, reading alone ${duration(readFloor)}`,
  )
  printTable(
    ['problem', 'accuracy', 'objective', 'gap', 'support vectors', ...(peer ? ['sklearn', 'objective', 's'] : [])],
    problems.map(({ task, fold, accuracy, objective, gap, supportVectors, peer: theirs }) => [
      `${task} ${fold + 1}`,
      accuracy.toFixed(4),
      objective.toPrecision(6),
      gap.toExponential(1),
      supportVectors,
      ...(peer
        ? [theirs?.accuracy.toFixed(4) ?? '', theirs?.objective.toPrecision(6) ?? '', theirs?.seconds.toFixed(1) ?? '']
        : []),
    ]),
  )
  if (card)
    print(
      `${card.device} (${card.adapter}): ${duration(card.seconds)}, ${card.ratio.toPrecision(2)} times as fast as the processor, accuracies within ${points(card.accuracyDifference)}`,
    )
  if (peer)
    print(
      `scikit-learn ${peer.version}: ${peer.ratio.toFixed(1)} times as long, accuracies within ${points(peer.accuracyDifference)}${peer.notConverged > 0 ? `, ${counted(peer.notConverged, 'problem')} not converged` : ''}`,
    )
}

function points(share) {
  return `${(share * 100).toFixed(2)} points`
}

/**
 * Trains the folds of both tasks, and scikit-learn's classifiers on the same training sets. `seconds` is the median
 * time for all ten problems. `readFloor` is the time of the passes if they only read the features at the measured
 * bandwidth.
 */
async function benchSvm(features, { threads, repetitions, card, peerProblems }) {
  const { matrix, dims } = features
  const positions = features.rows * features.cols
  const tasks = TASKS.map((task) => {
    const classes = taskClasses(task, features)
    return { classes, folds: assignFolds('ordered', classes, features, 0) }
  })
  const labels = trainingLabels(tasks)
  const problems = TASKS.length * FOLDS
  const train = (given) => trainSvm({ features: given, rows: positions, dims, labels, problems, C, threads })
  const [times, cardTimes, limits] = [[], [], []]
  let [training, cardTraining] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    limits.push(await readBandwidth(matrix, positions, dims, threads))
    const onProcessor = async () => {
      training = await train(matrix)
    }
    times.push(await secondsOf(onProcessor))
    if (card === undefined) continue
    const there = async (cudaFeatures) => {
      cardTraining = await train(cudaFeatures)
    }
    cardTimes.push(await secondsOf(() => onCard(card, features, there)))
  }
  const seconds = median(times)
  const bandwidth = median(limits)
  const peer = peerProblems.length === 0 ? undefined : await peerTraining(features, labels, peerProblems)
  const rows = problemRows(training, tasks, peer)
  return {
    instructionSet: instructionSet(),
    ...{ positions, dims, C, threads, seconds, bandwidth },
    passes: training.passes,
    gramSamples: training.gramSamples,
    readFloor: (training.passes * matrix.byteLength) / bandwidth,
    problems: rows,
    ...(card && { card: cardSummary(card, median(cardTimes), seconds, rows, problemRows(cardTraining, tasks)) }),
    ...(peer && { peer: peerSummary(peer, rows, seconds) }),
  }
}

/** One row for each of the ten problems. `gap` is relative to the objective. */
function problemRows({ solutions, decisions }, tasks, peer) {
  return solutions.map(({ primal, dual, supportVectors }, p) => {
    const { classes, folds } = tasks[Math.floor(p / FOLDS)]
    const fold = p % FOLDS
    let [tested, right] = [0, 0]
    for (let i = 0; i < folds.length; i++) {
      if (folds[i] !== fold) continue
      tested++
      if (Number(decisions[p * folds.length + i] > 0) === classes[i]) right++
    }
    const other = peer?.problems.find(({ problem }) => problem === p)
    return {
      task: TASKS[Math.floor(p / FOLDS)],
      ...{ fold, supportVectors },
      accuracy: right / tested,
      objective: primal,
      gap: (primal - dual) / primal,
      ...(other && { peer: { accuracy: other.accuracy, objective: other.objective, seconds: other.seconds } }),
    }
  })
}

/** `seconds` includes the upload of the features. */
function cardSummary({ index, name }, seconds, processorSeconds, expected, found) {
  const differences = found.map(({ accuracy }, p) => Math.abs(accuracy - expected[p].accuracy))
  return {
    device: `cuda:${index}`,
    adapter: name,
    seconds,
    ratio: processorSeconds / seconds,
    accuracyDifference: Math.max(...differences),
  }
}

/**
 * `ratio` is scikit-learn's time for all ten problems divided by Shiftscope's. If scikit-learn solved fewer problems,
 * its time is scaled up.
 */
function peerSummary(peer, rows, seconds) {
  const total = peer.problems.reduce((sum, problem) => sum + problem.seconds, 0)
  const compared = rows.flatMap((row) => (row.peer === undefined ? [] : [Math.abs(row.accuracy - row.peer.accuracy)]))
  return {
    version: peer.sklearn,
    seconds: total,
    ratio: (total / peer.problems.length) * (rows.length / seconds),
    accuracyDifference: Math.max(...compared),
    notConverged: peer.problems.filter(({ converged }) => !converged).length,
  }
}

/** Results of bench/peers/svm.py for these problems; undefined if no Python can import scikit-learn. */
async function peerTraining({ matrix, dims }, labels, problems) {
  const run = promisify(execFile)
  const python = await pythonWithSklearn(run)
  if (python === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'shiftscope-bench-'))
  try {
    const [featuresFile, labelsFile] = [join(folder, 'features'), join(folder, 'labels')]
    await writeFile(featuresFile, matrix)
    await writeFile(labelsFile, labels)
    const script = fileURLToPath(new URL('peers/svm.py', import.meta.url))
    const rows = matrix.length / dims
    const numbers = [rows, dims, labels.length / rows, C, ...problems].map(String)
    const { stdout } = await run(python, [script, featuresFile, labelsFile, ...numbers])
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The first Python that can import scikit-learn. */
async function pythonWithSklearn(run) {
  for (const python of ['python3', '/usr/bin/python3']) {
    const works = await run(python, ['-c', 'import sklearn']).then(
      () => true,
      () => false,
    )
    if (works) return python
  }
  return undefined
}

/**
 * Features that, like a network's, vary smoothly over a grid of 100 by 100 positions: 1000 waves of many directions and
 * lengths, with a little noise.
 */
function formulaFeatures() {
  const [side, dims] = [100, 1000]
  const fraction = (x) => x - Math.floor(x)
  const matrix = Float32Array.from({ length: side * side * dims }, (_, i) => {
    const d = i % dims
    const position = Math.floor(i / dims)
    const [row, col] = [Math.floor(position / side) / side, (position % side) / side]
    const angle = 2 * Math.PI * fraction(d * 0.6180339887)
    const waves = 6 * fraction(d * 0.7548776662)
    const along = row * Math.sin(angle) + col * Math.cos(angle)
    const noise = fraction(Math.sin(i * 12.9898) * 43758.5453) - 0.5
    return Math.sin(2 * Math.PI * (waves * along + fraction(d * 0.5698402909))) + 0.3 * noise
  })
  return { rows: side, cols: side, dims, matrix }
}
