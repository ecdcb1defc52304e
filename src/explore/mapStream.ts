import { ANCHOR_NAMES, isSamePosition, type Position } from '../engine/scene/positions.js'
import { InputError, reworded } from '../errors.js'
import {
  ANSWER_MAPS,
  type AnswerAtAnchor,
  answerMaps,
  answerNames,
  answersAtAnchors,
} from '../experiments/answers/answers.js'
import { sightingAt } from '../experiments/answers/boxes.js'
import { comparedFeatures, detectionRule, sightingsIn } from '../experiments/answers/detections.js'
import { indexOf, positionAt } from '../experiments/maps/grid.js'
import { argmax, cosineSimilarity, DegenerateFeatureError } from '../native.js'
import type { FeatureLayer } from '../network.js'
import { classesOfObject } from '../networks/classes/words.js'
import type { MapMessage, MapRequest, MapRows } from '../page/live/live.js'
import { availableCores } from '../support/machine.js'
import type { FeatureRow, RowRun } from './keptRows.js'
import type { LiveUnit } from './liveUnit.js'

/** Shortest time in milliseconds between two messages. Making a message means reading all features that it covers. */
const BETWEEN_MESSAGES = 120

/** Yields a map while it is computed: first the positions that already have features, then the others. */
export async function* mapMessages(
  unit: LiveUnit,
  request: Pick<MapRequest, 'layer' | 'anchor' | 'cursor' | 'category'>,
  signal: AbortSignal,
): AsyncGenerator<MapMessage, void, undefined> {
  const changes = followUnit(unit, signal)
  try {
    unit.lookAt(request.cursor)
    const anchor = rowOf(unit, request.anchor)
    const center = unit.grid.anchors[ANCHOR_NAMES.indexOf('center')]?.index as number
    const map = mapMaker(unit, request, anchor)
    const sent = new Set<RowRun>()
    let compared: readonly (RowRun | undefined)[] = []
    let began = performance.now()
    for (;;) {
      const isWhole = unit.kept.isWhole
      // The first positions are computed together with the anchors. Until then, only an anchor would be computed alone.
      if (unit.kept.runs.length > 0) {
        // Every value depends on the features at the anchor and the center, so all are sent again if these are replaced.
        const now = [unit.kept.runOf(anchor), unit.kept.runOf(center)]
        if (now.some((run, i) => run !== compared[i])) sent.clear()
        compared = now
        const [atAnchor, atCenter] = [await unit.featuresAt(anchor), await unit.featuresAt(center)]
        const runs = unit.kept.runs.filter((run) => !sent.has(run))
        const done = Math.min(unit.kept.finished, unit.grid.rows * unit.grid.cols)
        if (runs.length > 0) yield { ...(await map(runs, atAnchor, atCenter)), done }
        for (const run of runs) sent.add(run)
      }
      if (isWhole) return
      await changes.next(began + BETWEEN_MESSAGES - performance.now())
      began = performance.now()
    }
  } finally {
    changes.end()
  }
}

/** Keeps the computation of a unit going, and lets the caller wait for new features. */
export function followUnit(unit: LiveUnit, signal: AbortSignal) {
  let hasChanged = false
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const end = unit.follow({
    onRows: () => {
      hasChanged = true
      wake()
    },
    onFailure: (error) => {
      failure = { error }
      wake()
    },
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  return {
    /** Waits until more positions have features, but at least for the given time. */
    next: async (milliseconds: number) => {
      await new Promise((done) => setTimeout(done, Math.max(0, milliseconds)))
      while (!hasChanged && failure === undefined && !signal.aborted)
        await new Promise<void>((done) => {
          wake = done
        })
      hasChanged = false
      if (failure !== undefined) throw failure.error
      signal.throwIfAborted()
    },
    end: () => {
      signal.removeEventListener('abort', onAbort)
      end()
    },
  }
}

/** Index of a position in `grid.offsets`. The position, given in pixels, must be an anchor or a point of the grid. */
function rowOf({ grid }: LiveUnit, position: Position): number {
  const anchor = grid.anchors.find((one) => isSamePosition(one, position))
  if (anchor !== undefined) return anchor.index
  const nearest = indexOf(position, grid)
  if (!isSamePosition(positionAt(nearest, grid), position))
    throw new InputError(`there is no position (${position.row}, ${position.col}) on this grid; choose one on the map`)
  return nearest
}

/** Answers at the rows of a run (see `AnswerMaps`), for the class `center`. All maps of a unit share them. */
interface RunAnswers {
  readonly center: number
  readonly maps: Float32Array
}

const answersOf = new WeakMap<RowRun, RunAnswers>()

/**
 * Returns a function that turns features into messages for the page. A message has the cosines of one layer. It also
 * has the network's answers, if the network's classes are known.
 * @param anchor index of the anchor in `grid.offsets`
 */
function mapMaker(unit: LiveUnit, request: Pick<MapRequest, 'layer' | 'category'>, anchor: number) {
  const { network, grid } = unit
  const layer = network.layers.findIndex(({ name }) => name === request.layer)
  if (layer === -1)
    throw new InputError(`${network.id} has no layer ${request.layer} on this page; choose one of its layers`)
  const { classes, detector } = network
  const right = classesOfObject(request.category, classes?.names ?? [])
  const objectClass = right?.length === 1 ? classes?.names[right[0] as number] : undefined
  const wanted = detector && { threshold: detector.threshold, ...(objectClass !== undefined && { objectClass }) }
  const classNames = answerNames(network)
  const scored = network.layers.findIndex(({ name }) => name === classes?.layer)
  const threads = availableCores()
  const named = new Set<number>()
  const compared = (layer: number, features: readonly Float32Array[]) =>
    comparedFeatures({ ...(network.layers[layer] as FeatureLayer), matrix: features[layer] as Float32Array }, detector)
  const cosinesOf = ({ rows, features }: RowRun, anchors: Float32Array) => {
    const { dims, name, matrix } = compared(layer, features)
    const work = { features: matrix, rows: rows.length, dims, anchors, anchorCount: 1, threads }
    return cosineSimilarity(work).catch((error: unknown) => {
      throw error instanceof DegenerateFeatureError ? withoutDirection(`${network.id} ${name}`, error) : error
    })
  }
  return async (all: readonly RowRun[], atAnchor: FeatureRow, atCenter: FeatureRow): Promise<Omit<MapRows, 'done'>> => {
    // Anchors outside the grid are not part of the map.
    const runs = all.filter(({ rows }) => (rows[0] as number) < grid.rows * grid.cols)
    const anchors = Float32Array.from(compared(layer, atAnchor).matrix)
    const cosines: Float32Array[] = []
    for (const run of runs) cosines.push(await cosinesOf(run, anchors))
    const message = {
      kind: 'rows',
      places: Uint32Array.from(runs.flatMap(({ rows }) => [...rows])),
      cosines: joined(cosines),
    } as const
    if (classes === undefined || scored === -1) return message
    const anchored = compared(scored, atAnchor)
    const centerScores = compared(scored, atCenter).matrix
    const title = `${network.id} ${classes.layer}`
    const rule = wanted && detectionRule(wanted, classes.names, centerScores, request.category)
    const mapsOf = (scores: Float32Array, strongest: Int32Array) =>
      answerMaps(scores, strongest, centerScores, classes.scores, title, rule)
    const { center } = mapsOf(new Float32Array(0), new Int32Array(0))
    const squares = { ...grid, size: unit.scene.patch.size }
    const maps: Float32Array[] = []
    for (const run of runs) {
      const known = answersOf.get(run)
      const { matrix, dims } = compared(scored, run.features)
      const computed =
        known?.center === center.class
          ? known
          : {
              center: center.class,
              maps: mapsOf(matrix, await argmax({ features: matrix, rows: run.rows.length, dims, threads })).maps,
            }
      answersOf.set(run, computed)
      maps.push(computed.maps)
    }
    const part = (i: number) =>
      joined(maps.map((all) => all.subarray((i * all.length) / ANSWER_MAPS, ((i + 1) * all.length) / ANSWER_MAPS)))
    const strongest = Uint32Array.from(part(0))
    const sightings = runs.map(({ rows, features }) =>
      sightingsIn(compared(scored, features), [...rows.entries()], squares, rule),
    )
    const [own] = answersAtAnchors(anchored.matrix, centerScores, classes.scores, title, rule) as [AnswerAtAnchor]
    const ofAnchor = sightingsIn(anchored, [[0, anchor]], squares, rule)
    const names: Record<number, string> = {}
    for (const index of [center.class, own.class, ...strongest]) {
      if (named.has(index)) continue
      named.add(index)
      names[index] = classNames[index] ?? String(index)
    }
    return {
      ...message,
      answers: {
        strongest,
        probability: part(1),
        ofCenter: part(2),
        center: center.class,
        ...(right && { right }),
        atAnchor: { ...own, ...(ofAnchor && { sighting: sightingAt(ofAnchor, 0) }) },
        ...(ofAnchor && { sightings: joined(sightings) }),
        names,
      },
    }
  }
}

function joined(parts: readonly (Float32Array | undefined)[]): Float32Array {
  return Float32Array.from(parts.flatMap((part = new Float32Array(0)) => [...part]))
}

function withoutDirection(title: string, error: DegenerateFeatureError): DegenerateFeatureError {
  const fault = { zero: 'all zero', nan: 'not a number', infinite: 'infinite' }[error.reason]
  return reworded(
    error,
    `${title}: the feature at one or more positions is ${fault}, so its cosine is undefined; choose another object or layer`,
  )
}
