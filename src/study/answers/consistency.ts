import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ProtocolName } from '../../experiments/answers/protocols.js'
import { packageVersion } from '../../files/package.js'
import { rm } from '../../files/retried.js'
import type { ClassScores } from '../../network.js'
import { recipeText } from '../../networks/input/recipe.js'
import { type RankingSummary, rankingSummary } from '../../report/photographs/ranking.js'
import type { Report } from '../../report/report.js'
import { resultWarnings } from '../../report/warnings.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../../results/answers/read.js'
import type { NetworkFacts } from '../../results/answers/schema.js'
import { openedNetworks } from '../../results/store/openedNetworks.js'
import { runStudy } from '../items/run.js'
import { type NetworkSettings, readRun } from '../items/runFile.js'
import { imagesOf } from '../items/workItem.js'
import type { Classifier } from './classifiers.js'
import { networkFacts } from './facts.js'
import { type ConsistencyOptions, type ResolvedConsistency, resolveConsistency } from './options.js'
import { planAnswers } from './plan.js'

/** Results of `consistency`: the same photographs and shifts in one or several networks. */
export interface Consistency {
  readonly protocols: readonly ProtocolName[]
  readonly draws: number
  readonly seed: number
  readonly background: string
  /** Where the labels were read from; absent without labels. */
  readonly labels?: string
  /** In the order in which they were given. */
  readonly networks: readonly NetworkConsistency[]
  /** What a reader must know before the numbers, such as that the preprocessing of a network was not found. */
  readonly warnings: readonly string[]
  /** Ranks of the networks; absent for a single network, and while other processes still compute. */
  readonly ranking?: RankingSummary
  /** Numbers and findings of the report; null with `report: false` and without `out`. */
  readonly report: Report | null
}

/**
 * Results of one network. With `report: false`, `measures`, `varieties`, `photographs` and `failed` are empty while other
 * processes still compute.
 */
export interface NetworkConsistency
  extends Pick<
    AnsweredNetwork,
    | 'model'
    | 'weightsSha256'
    | 'frame'
    | 'input'
    | 'layer'
    | 'labelsSha256'
    | 'measures'
    | 'varieties'
    | 'photographs'
    | 'failed'
  > {
  /** Where the preprocessing (`input`) was found; see `Network`. */
  readonly inputSource: string
  /** What the network's class scores mean. Probabilities are computed from them accordingly. */
  readonly scores: ClassScores
  /** Number of classes, weights and multiply-adds. */
  readonly facts: NetworkFacts
  /** Only of a head, such as a detector's: the least score at which it sees something. */
  readonly threshold?: number
  /** Device and settings that ran the network in this call or an earlier one; absent if nobody knows. */
  readonly settings?: NetworkSettings
  /** Number of images that this call ran through the network, its seconds, and images per second. */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/**
 * Measures how often networks change their answer when photographs are shifted, with the usual protocols of the
 * literature (see `PROTOCOLS`).
 *
 * Run it again to resume it, or to add networks, protocols and photographs to the folder `out`: it computes only answers
 * that are missing, damaged or made from other inputs. Several processes, also on several machines that share the
 * folder, can run the same study at once.
 * @throws UsageError for invalid options, two networks of one name, or if `out` has answers to other photographs with
 *   other settings
 * @throws InputError for missing or damaged files, if no photograph can be used, if a network is no classifier, or if
 *   it has no class that a label names
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws the signal's reason after an abort
 */
export async function consistency(given: ConsistencyOptions): Promise<Consistency> {
  const options = resolveConsistency(given)
  if (options.out !== undefined) return consistencyIn(resolve(options.out), options)
  const temporary = await mkdtemp(join(tmpdir(), 'shiftscope-'))
  try {
    return await consistencyIn(temporary, { ...options, report: false })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function consistencyIn(out: string, options: ResolvedConsistency): Promise<Consistency> {
  const plan = await planAnswers(options, out)
  const { finished, isComplete, report } = await runStudy(plan, options)
  // Until other processes have finished, a network may have no answers, or some that were made with other settings.
  const answered = isComplete ? await readAnsweredNetworks(out) : []
  const stored = new Map(answered.map((network) => [network.model, network]))
  const { settings = {} } = (await readRun(join(out, 'run.json'))) ?? {}
  const networks = plan.networks.map((network): NetworkConsistency => {
    const own = finished.filter(({ item }) => item.network === network)
    const images = imagesOf(own.map(({ item }) => item))
    const seconds = own.reduce((sum, one) => sum + one.seconds, 0)
    const ran = settings[network.id] as NetworkSettings | undefined
    return {
      ...describedNetwork(network, stored.get(network.id)),
      ...(ran && { settings: ran }),
      ...{ images, seconds, imagesPerSecond: seconds > 0 ? images / seconds : 0 },
    }
  })
  const { draws, seed } = options
  const { background, labels } = plan
  const protocols = plan.protocols.map(({ name }) => name)
  const own = plan.networks.flatMap(({ id }) => stored.get(id) ?? [])
  const ranking = rankingSummary(own)
  const warnings = resultWarnings({ answers: own }, await openedNetworks(out))
  return {
    ...{ protocols, draws, seed, background },
    ...(labels !== undefined && { labels }),
    ...{ networks, warnings },
    ...(ranking && { ranking }),
    report,
  }
}

type Answered = Pick<AnsweredNetwork, 'labelsSha256' | 'measures' | 'varieties' | 'photographs' | 'failed'>

const NONE: Answered = { measures: [], varieties: [], photographs: [], failed: [] }

function describedNetwork(
  network: Classifier,
  { labelsSha256, measures, varieties, photographs, failed }: Answered = NONE,
) {
  const { id, weightsSha256, input, inputSource, classes, head } = network
  const { layer, scores } = classes
  return {
    ...{ model: id, weightsSha256, frame: input.rows, input: recipeText(input), inputSource, layer, scores },
    facts: networkFacts(network),
    ...(head && { threshold: head.threshold }),
    ...(labelsSha256 !== undefined && { labelsSha256 }),
    ...{ measures, varieties, photographs, failed },
  }
}

/**
 * The results as one JSON document. It contains no durations and no numbers of workers, which depend on what earlier
 * calls have computed, so equal inputs give equal bytes.
 */
export function consistencyDocument({ networks, report: _, ...result }: Consistency): object {
  return {
    shiftscope: packageVersion(),
    ...result,
    networks: networks.map(
      ({ measures, photographs, failed, settings, images, seconds, imagesPerSecond, ...network }) => {
        const { workers, threads, batch, ...ran }: Partial<NetworkSettings> = settings ?? {}
        return { ...network, measures, failed, ...ran, photographs: photographs.length }
      },
    ),
  }
}
