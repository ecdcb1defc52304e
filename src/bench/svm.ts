/**
 * Cross-validation of both tasks, ten linear support vector machines, against scikit-learn and against the floor, and on a
 * card against the processor.
 *
 * Floor: every pass reads the features once and takes ten multiply-adds a float, 2.5 a byte, which one core's vector
 * units do at 25 GB/s and more: the memory is the bound. Each sample that was ever in a working set is multiplied with the
 * others of its task: m²/2·dims multiply-adds for m samples of a task.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { endIfStopped } from '../errors.js'
import { onCard } from '../experiments/card.js'
import type { Loss } from '../experiments/folds.js'
import { assignFolds, FOLDS, TASKS, type Task, taskClasses, trainingLabels } from '../experiments/folds.js'
import { makeTemporaryFolder } from '../files/temporaries.js'
import {
  type CudaDevice,
  type CudaFeatures,
  type InstructionSet,
  instructionSet,
  measureReadBandwidth,
  type SvmTraining,
  trainSvm,
} from '../native.js'
import { secondsOf } from '../support/stopwatch.js'
import { median } from './statistics.js'

export interface SvmBenchOptions {
  /** Features of a grid, [rows * cols, dims]; made up by a formula when absent: 10,000 positions of 1000 dims. */
  readonly features?: SvmBenchFeatures
  readonly loss?: Loss
  readonly C?: number
  /** Default 2. */
  readonly threads?: number
  /** Repetitions of the measurement, the median counts; default 5. */
  readonly repetitions?: number
  /** Problems for scikit-learn, 0 to 9 (left-right first), all by default; none: it is not asked. */
  readonly peerProblems?: readonly number[]
  /** A card that is timed in turns with the processor. */
  readonly card?: CudaDevice
  readonly signal?: AbortSignal
}

export interface SvmBenchFeatures {
  readonly rows: number
  readonly cols: number
  readonly dims: number
  readonly matrix: Float32Array
}

/** One of the ten problems. */
export interface SvmBenchProblem {
  readonly task: Task
  readonly fold: number
  /** Share of the fold's positions that are classified right. */
  readonly accuracy: number
  readonly objective: number
  /** Relative duality gap. */
  readonly gap: number
  readonly supportVectors: number
  readonly peer?: { readonly accuracy: number; readonly objective: number; readonly seconds: number }
}

export interface SvmBench {
  readonly instructionSet: InstructionSet
  readonly positions: number
  readonly dims: number
  readonly loss: Loss
  readonly C: number
  readonly threads: number
  /** Of all ten problems, median. */
  readonly seconds: number
  readonly passes: number
  /** Samples whose scalar products were taken, over both tasks. */
  readonly gramSamples: number
  /** Seconds that reading the features once for each pass takes at the measured bandwidth. */
  readonly readFloor: number
  /** Plain reads of the same memory with as many threads, bytes per second, median. */
  readonly bandwidth: number
  readonly problems: readonly SvmBenchProblem[]
  readonly card?: SvmBenchCard
  /** scikit-learn, if a `python3` here can import it. */
  readonly peer?: SvmBenchPeer
}

export interface SvmBenchCard {
  /** Such as `cuda:0`. */
  readonly device: string
  readonly adapter: string
  /** Of all ten problems, upload of the features included, median. */
  readonly seconds: number
  /** The processor's seconds over the card's. */
  readonly ratio: number
  /** Largest difference of a fold's accuracy from the processor's. */
  readonly accuracyDifference: number
}

export interface SvmBenchPeer {
  readonly version: string
  /** Of the problems that it was given, at its default tolerance. */
  readonly seconds: number
  /** Its seconds for all ten problems, scaled up from those it was given, over this program's. */
  readonly ratio: number
  /** Largest difference of a fold's accuracy; with `squared-hinge` of a second fit, which goes on beyond that. */
  readonly accuracyDifference: number
  /** Problems whose compared fit ended at its limit of iterations. */
  readonly notConverged: number
}

/** Trains both tasks' folds, in `ordered` folds, and scikit-learn's on the same training sets. */
export async function benchSvm(options: SvmBenchOptions = {}): Promise<SvmBench> {
  const {
    features = formulaFeatures(),
    loss = 'hinge',
    C = 1,
    threads = 2,
    repetitions = 5,
    peerProblems,
    card,
    signal,
  } = options
  const { matrix, dims } = features
  const positions = features.rows * features.cols
  const tasks = TASKS.map((task) => {
    const classes = taskClasses(task, features)
    return { classes, folds: assignFolds('ordered', classes, features, 0) }
  })
  const labels = trainingLabels(tasks)
  const problems = TASKS.length * FOLDS
  const train = (given: Float32Array | CudaFeatures) =>
    trainSvm({
      ...{ features: given, rows: positions, dims, labels, problems, loss, C, threads },
      ...(signal && { signal }),
    })
  const [times, cardTimes, limits]: [number[], number[], number[]] = [[], [], []]
  let training: SvmTraining | undefined
  let cardTraining: SvmTraining | undefined
  for (let repetition = 0; repetition < repetitions; repetition++) {
    limits.push(await measureReadBandwidth(matrix, threads))
    const onProcessor = async () => {
      training = await train(matrix)
    }
    times.push(await secondsOf(onProcessor))
    if (card === undefined) continue
    const there = async (cudaFeatures: CudaFeatures) => {
      cardTraining = await train(cudaFeatures)
    }
    cardTimes.push(await secondsOf(() => onCard(card, features, there)))
  }
  if (training === undefined) throw new RangeError('repetitions must be at least 1')
  const seconds = median(times)
  const bandwidth = median(limits)
  const peer = await peerTraining(features, labels, loss, C, peerProblems, signal)
  const rows = problemRows(training, tasks, peer)
  return {
    instructionSet: instructionSet(),
    ...{ positions, dims, loss, C, threads, seconds, bandwidth },
    passes: training.passes,
    gramSamples: training.gramSamples,
    readFloor: (training.passes * matrix.byteLength) / bandwidth,
    problems: rows,
    ...(card &&
      cardTraining && { card: cardSummary(card, median(cardTimes), seconds, rows, problemRows(cardTraining, tasks)) }),
    ...(peer === undefined ? {} : { peer: peerSummary(peer, rows, seconds) }),
  }
}

interface PeerTraining {
  readonly sklearn: string
  readonly problems: readonly {
    readonly problem: number
    readonly seconds: number
    readonly accuracy: number
    readonly objective: number
    readonly converged: boolean
  }[]
}

function problemRows(
  { solutions, decisions }: SvmTraining,
  tasks: readonly { readonly classes: Uint8Array; readonly folds: Uint8Array }[],
  peer?: PeerTraining,
): SvmBenchProblem[] {
  return solutions.map(({ primal, dual, supportVectors }, p) => {
    const { classes, folds } = tasks[Math.floor(p / FOLDS)] as (typeof tasks)[number]
    const fold = p % FOLDS
    let [tested, right] = [0, 0]
    for (let i = 0; i < folds.length; i++) {
      if (folds[i] !== fold) continue
      tested++
      if (Number((decisions[p * folds.length + i] ?? 0) > 0) === classes[i]) right++
    }
    const other = peer?.problems.find(({ problem }) => problem === p)
    return {
      task: TASKS[Math.floor(p / FOLDS)] as Task,
      ...{ fold, supportVectors },
      accuracy: right / tested,
      objective: primal,
      gap: (primal - dual) / primal,
      ...(other === undefined
        ? {}
        : { peer: { accuracy: other.accuracy, objective: other.objective, seconds: other.seconds } }),
    }
  })
}

function cardSummary(
  { index, name }: CudaDevice,
  seconds: number,
  processorSeconds: number,
  expected: readonly SvmBenchProblem[],
  found: readonly SvmBenchProblem[],
): SvmBenchCard {
  const differences = found.map(({ accuracy }, p) => Math.abs(accuracy - (expected[p]?.accuracy ?? Number.NaN)))
  return {
    device: `cuda:${index}`,
    adapter: name,
    seconds,
    ratio: processorSeconds / seconds,
    accuracyDifference: Math.max(...differences),
  }
}

function peerSummary(peer: PeerTraining, rows: readonly SvmBenchProblem[], seconds: number): SvmBenchPeer {
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

const run = promisify(execFile)

/** The first Python that can import scikit-learn. */
async function pythonWithSklearn(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const works = await run(python, ['-c', 'import sklearn']).then(
      () => true,
      () => false,
    )
    if (works) return python
  }
  return undefined
}

async function peerTraining(
  { matrix, dims }: SvmBenchFeatures,
  labels: Int8Array,
  loss: Loss,
  C: number,
  chosen: readonly number[] | undefined,
  signal: AbortSignal | undefined,
): Promise<PeerTraining | undefined> {
  const script = fileURLToPath(new URL('../../bench/peers/svm.py', import.meta.url))
  if (chosen?.length === 0 || !existsSync(script)) return undefined
  const python = await pythonWithSklearn()
  if (python === undefined) return undefined
  const folder = await makeTemporaryFolder()
  try {
    const [featuresFile, labelsFile] = [join(folder, 'features'), join(folder, 'labels')]
    await writeFile(featuresFile, matrix)
    await writeFile(labelsFile, labels)
    const rows = matrix.length / dims
    const numbers = [rows, dims, labels.length / rows].map(String)
    const words = [script, featuresFile, labelsFile, ...numbers, loss, String(C), ...(chosen ?? []).map(String)]
    const { stdout } = await run(python, words, { ...(signal && { signal }) })
    return JSON.parse(stdout) as PeerTraining
  } catch (error) {
    endIfStopped(signal)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Features that vary smoothly over a grid of 100 by 100 positions, as a network's do: 1000 waves of many directions and
 * lengths, with a little noise.
 */
function formulaFeatures(): SvmBenchFeatures {
  const [side, dims] = [100, 1000]
  const fraction = (x: number) => x - Math.floor(x)
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
