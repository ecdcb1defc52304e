import { setTimeout as wait } from 'node:timers/promises'
import { positionGrid } from '../engine/scene/positions.js'
import { sceneOf } from '../engine/scene/scene.js'
import { InputError, words } from '../errors.js'
import type { Network, Pool } from '../network.js'
import { type PullOptions, pullWeights } from '../networks/models/pullWeights.js'
import type { OwnOptions } from '../networks/reference/reference.js'
import {
  fittingStride,
  type KeepRequest,
  type KeptUnit,
  type LiveStudy,
  type LiveUnitRequest,
  type MapMessage,
  type MapRequest,
  type OtherUnit,
  type PullMessage,
} from '../page/live/live.js'
import { patchPng } from '../page/site/pictures.js'
import { readBackground } from '../patches/background.js'
import type { ProgressEvent } from '../progress.js'
import { oneAtATime } from '../support/oneAtATime.js'
import { keepUnit, onePage } from './keep.js'
import { LiveUnit, type UseNetwork } from './liveUnit.js'
import { mapMessages } from './mapStream.js'
import type { LiveNetworks } from './networks.js'
import type { Objects } from './objects.js'
import type { SentFile } from './sentFiles.js'
import type { LiveUnits } from './units.js'

/** Milliseconds between two messages about the progress of a download. */
const BETWEEN_MESSAGES = 200

export type Explorer = ReturnType<typeof openExplorer>

export interface ExplorerOptions {
  readonly networks: LiveNetworks
  readonly objects: Objects
  readonly units: LiveUnits
  /** Largest number of bytes that the features of one object may take. */
  readonly mostBytes: number
  /** Whether the page opens with the first two networks side by side. */
  readonly opensTwo: boolean
  readonly out: string
  readonly pool?: Pool | undefined
  readonly own: OwnOptions
  readonly mirror?: string | undefined
}

export function openExplorer(options: ExplorerOptions) {
  const { networks, objects, units, mostBytes, opensTwo, out, pool, own, mirror } = options
  const opening = oneAtATime()
  const keeping = oneAtATime()
  const inTurn = oneAtATime()
  const open = async (scene: LiveUnitRequest): Promise<LiveUnit> => {
    const network = networks.find(scene.network)
    checkStride(network, scene, mostBytes)
    const { rows: frame } = network.input
    const patch = await objects.patch(scene.object, scene.size, frame)
    const { background } = await readBackground(scene.background, frame)
    const placed = sceneOf(patch, background)
    const use: UseNetwork = (act) => networks.use(network.id, placed, act)
    const unit = new LiveUnit(network, use, placed, positionGrid(frame, scene.size, scene.stride), inTurn)
    units.add(scene, unit)
    return unit
  }
  const unitOf = (scene: LiveUnitRequest): Promise<LiveUnit> => opening(async () => units.find(scene) ?? open(scene))
  return {
    study: async (): Promise<LiveStudy> => ({
      networks: networks.list(),
      missing: await networks.missing(),
      objects: objects.list(),
      mostBytes,
      opensTwo,
    }),
    /** Returns a PNG of an object at a size, with hard edges as in the images that the network gets. */
    picture: async (object: number, size: number): Promise<Buffer> => {
      const largest = Math.max(...networks.list().map(({ frame }) => frame))
      return patchPng((await objects.patch(object, size, largest)).rgba, size, 'hard')
    },
    addObject: objects.add,
    addNetwork: (sent: SentFile, ended: AbortSignal) => networks.drop(sent, ended),
    /** Yields messages with parts of a map while it is computed. Work continues only while somebody reads them. */
    map: async function* (request: MapRequest, signal: AbortSignal): AsyncGenerator<MapMessage, void, undefined> {
      const { layer, anchor, cursor, category, ...scene } = request
      const unit = await unitOf(scene)
      // A map of features that are all in memory needs no open network.
      const seconds = unit.kept.isWhole ? undefined : networks.openingSeconds(scene.network)
      if (seconds !== undefined) {
        yield { kind: 'opening', seconds }
        await networks.use(scene.network, unit.scene, async () => undefined)
        yield { kind: 'opened' }
      }
      signal.throwIfAborted()
      const forgotten = units.forgotten()
      if (forgotten.length > 0)
        yield { kind: 'note', message: `To free memory, these features were dropped: ${forgotten.join(', ')}.` }
      yield* mapMessages(unit, { layer, anchor, cursor, category }, signal)
    },
    lookAt: (scene: LiveUnitRequest, cursor: MapRequest['cursor']): void => units.find(scene)?.lookAt(cursor),
    keep: async (request: KeepRequest, signal: AbortSignal): Promise<KeptUnit | OtherUnit> => {
      const { category, replaces, ...scene } = request
      const unit = await unitOf(scene)
      const object = { ...objects.find(scene.object), category }
      const wanted = { unit, scene, object, ...networks.sourceOf(scene.network), pool, own, out, replaces, signal }
      return networks.use(scene.network, unit.scene, (handle) => keepUnit({ ...wanted, handle }, keeping))
    },
    /** Builds the page of the results folder. */
    keptPage: () => keeping(() => onePage(out)),
    pull: (id: string, signal: AbortSignal) => pulled(id, networks, { mirror, signal }),
  }
}

function checkStride(network: Network, { size, stride }: LiveUnitRequest, mostBytes: number): void {
  const { input, layers } = network
  const least = fittingStride({ frame: input.rows, layers }, size, { wished: stride, mostBytes })
  if (least === stride) return
  const doNotFit = `features of ${network.id} at stride ${stride} need more memory than the ${Math.floor(mostBytes / 1e6)} MB allowed for one object`
  throw InputError.of`${doNotFit}; ${least === undefined ? words`use \`pool mean\`` : `choose stride ${least}`}`
}

async function* pulled(
  id: string,
  networks: LiveNetworks,
  options: Pick<PullOptions, 'mirror' | 'signal'>,
): AsyncGenerator<PullMessage, void, undefined> {
  const at = { done: 0, total: 0 }
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'start') at.total = event.total
    if (event.kind === 'update') at.done = event.done
  }
  const network = pullWeights(id, { ...options, onProgress }).then(() => networks.add(id))
  const isOver = network.then(
    () => true,
    () => true,
  )
  while (!(await Promise.race([isOver, wait(BETWEEN_MESSAGES)]))) yield { kind: 'progress', ...at }
  yield { kind: 'pulled', network: await network }
}
