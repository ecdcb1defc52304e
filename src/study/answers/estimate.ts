import { join, resolve } from 'node:path'
import { PROVIDERS } from '../../engine/devices/providers.js'
import { openExecution } from '../../engine/open/executionRequest.js'
import { expectedGain } from '../../engine/reuse/expected.js'
import { pixelScene } from '../../engine/scene/scene.js'
import { throwIfStopped } from '../../errors.js'
import { columnsOf, keptValues } from '../../experiments/answers/protocols.js'
import { checkWeights } from '../../networks/file/weights.js'
import { parseReference } from '../../networks/reference/reference.js'
import { sourceSide } from '../../patches/sizes.js'
import { progressTo } from '../../progress.js'
import { imageRate, type WorkEstimate } from '../items/estimate.js'
import { groupsOf, imagesOf } from '../items/workItem.js'
import type { Classifier } from './classifiers.js'
import type { AnswersItem } from './item.js'
import { type ConsistencyOptions, type ResolvedConsistency, resolveConsistency } from './options.js'
import { MOST_SCORE_BYTES, scenePositions } from './pieces.js'
import { type AnswersPlan, planAnswers } from './plan.js'

/** Estimated work, storage and time of a study of photographs. */
export interface ConsistencyEstimate extends WorkEstimate {
  readonly photographs: number
  readonly networks: number
  readonly protocols: number
}

/** Name of a folder that does not exist, for a call that writes nothing. */
const NOWHERE = join('.', '.shiftscope-nowhere')

/** @throws InputError that names all networks whose weights are not on this machine */
export async function estimateConsistency(given: ConsistencyOptions, isTimed = true): Promise<ConsistencyEstimate> {
  const options = resolveConsistency(given)
  const { models, weights } = options
  await checkWeights(models.map((model) => ({ ...parseReference({ model }), weights })))
  const plan = await planAnswers(options, resolve(options.out ?? NOWHERE))
  const { networks, protocols, items, left, replaced } = plan
  const times = isTimed ? await timesOf(plan, options) : UNKNOWN_TIMES
  return {
    photographs: items.reduce((sum, { count }) => sum + count, 0) / (networks.length * protocols.length),
    networks: networks.length,
    protocols: protocols.length,
    replaced: replaced.items.reduce((sum, { count }) => sum + count, 0),
    differences: replaced.differences,
    images: imagesOf(left),
    bytes: items.reduce((sum, item) => sum + item.count * rowBytes(item), 0),
    // Two pieces run while the answers of a third one are taken.
    featureBytes: 3 * MOST_SCORE_BYTES,
    weightsBytes: Math.max(0, ...networks.map(({ weightsBytes }) => weightsBytes)),
    ...times,
  }
}

const UNKNOWN_TIMES = { seconds: null, unitSeconds: null, arithmeticSeconds: null }

function rowBytes({ protocol, setting, network }: AnswersItem): number {
  return keptValues(protocol, setting, columnsOf(network)) * Float32Array.BYTES_PER_ELEMENT
}

async function timesOf(plan: AnswersPlan, options: ResolvedConsistency) {
  const times: { readonly all: number; readonly each: number }[] = []
  for (const network of plan.networks) {
    const groups = groupsOf(plan.left.filter((item) => item.network === network))
    if (groups.length === 0) continue
    throwIfStopped(options.signal)
    const { rate, gainOf } = await speedOf(network, imagesOf(groups.flat()), options)
    for (const group of groups) {
      const perSecond = rate * (await gainOf(group[0]))
      times.push({
        all: imagesOf(group) / perSecond,
        each: Math.max(...group.map(({ images }) => images)) / perSecond,
      })
    }
  }
  return {
    seconds: times.reduce((sum, { all }) => sum + all, 0),
    unitSeconds: Math.max(0, ...times.map(({ each }) => each)),
    arithmeticSeconds: 0,
  }
}

/** Images per second, and a function that returns how many times as fast a protocol is if its frames share values. */
async function speedOf(network: Classifier, images: number, options: ResolvedConsistency) {
  const side = sourceSide(network.input.rows)
  // The speed does not depend on the picture.
  const scene = pixelScene(side, new Uint8Array(side * side * 4).fill(255))
  const handle = await openExecution({
    ...{ network, scene, images, request: options.request, wished: options },
    onNote: progressTo(options.onProgress).note,
    ...(options.signal && { signal: options.signal }),
  })
  const canShare = PROVIDERS[handle.ran().device].isProcessor
  const gainOf = async ({ protocol, setting }: AnswersItem) => {
    if (!canShare || !protocol.isOneScene) return 1
    const shifts = [...protocol.shifts(setting, Math.random)]
    const positions = scenePositions(protocol, setting, shifts.map(await protocol.drawing(scene, setting)))
    return expectedGain(network, positions.scene, positions.whole)
  }
  return { rate: await imageRate(handle, scene, options.signal), gainOf }
}
