import { ANCHOR_NAMES } from '../engine/positions.js'
import { InputError, reworded } from '../errors.js'
import { type AnswerAtAnchor, answerMaps, answerNames, answersAtAnchors } from '../experiments/answers.js'
import { sightingAt } from '../experiments/boxes.js'
import { comparedFeatures, detectionRule, sightingsIn } from '../experiments/detections.js'
import { indexOf, positionAt } from '../experiments/grid.js'
import { argmax, cosineSimilarity, DegenerateFeatureError } from '../native.js'
import type { FeatureLayer } from '../networks/index.js'
import type { MapMessage, MapRequest, MapRows } from '../page/live.js'
import { availableCores } from '../support/machine.js'
import type { LiveUnit } from './liveUnit.js'

/** Shortest time in milliseconds between two messages. Making a message means reading all features that it covers. */
const BETWEEN_MESSAGES = 120

/** Yields a map while it is computed: first the positions that already have features, then the others. */
export async function* mapMessages(
  unit: LiveUnit,
  request: Pick<MapRequest, 'layer' | 'anchor' | 'cursor'>,
  signal: AbortSignal,
): AsyncGenerator<MapMessage, void, undefined> {
  const changes = followUnit(unit, signal)
  try {
    unit.lookAt(request.cursor)
    const anchor = rowOf(unit, request.anchor)
    const center = unit.grid.anchors[ANCHOR_NAMES.indexOf('center')]?.index as number
    const map = mapMaker(unit, request.layer, anchor)
    let began = performance.now()
    let sent = 0
    for (;;) {
      const isWhole = unit.isWhole()
      // When all positions are computed, all features are final. Those at the anchor and the center may have been
      // replaced, and every value depends on them. So all values are sent again.
      if (isWhole) sent = 0
      // The first positions are computed together with the anchors. Until then, only an anchor would be computed alone.
      if (unit.rows().length > 0) {
        const [atAnchor, atCenter] = [await unit.featuresAt(anchor), await unit.featuresAt(center)]
        const rows = unit.rows().subarray(sent)
        const done = Math.min(unit.finished(), unit.grid.rows * unit.grid.cols)
        if (rows.length > 0) yield { ...(await map(rows, sent, atAnchor, atCenter)), done }
        sent += rows.length
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
function rowOf({ grid }: LiveUnit, { row, col }: { readonly row: number; readonly col: number }): number {
  const anchor = grid.anchors.find((one) => one.row === row && one.col === col)
  if (anchor !== undefined) return anchor.index
  const nearest = indexOf({ row, col }, grid)
  const found = positionAt(nearest, grid)
  if (found.row !== row || found.col !== col)
    throw new InputError(`there is no position (${row}, ${col}) on this grid; choose one on the map`)
  return nearest
}

/**
 * Returns a function that turns features into messages for the page. A message has the cosines of one layer. It also
 * has the network's answers, if the network's classes are known.
 * @param anchor index of the anchor in `grid.offsets`
 */
function mapMaker(unit: LiveUnit, wanted: string, anchor: number) {
  const { network, grid, matrices, answers, scene } = unit
  const layer = network.layers.findIndex(({ name }) => name === wanted)
  if (layer === -1) throw new InputError(`${network.id} has no layer ${wanted} on this page; choose one of its layers`)
  const { classes, detector } = network
  const classNames = answerNames(network)
  const scored = network.layers.findIndex(({ name }) => name === classes?.layer)
  const threads = availableCores()
  const positions = grid.rows * grid.cols
  const named = new Set<number>()
  const featuresOf = (layer: number, first: number, count: number) => {
    const { dims } = network.layers[layer] as FeatureLayer
    return (matrices[layer] as Float32Array).subarray(first * dims, (first + count) * dims)
  }
  const compared = (layer: number, matrix: Float32Array) =>
    comparedFeatures({ ...(network.layers[layer] as FeatureLayer), matrix }, detector)
  /** @param first index in `matrices` of the features of rows[0]; those of the other rows follow */
  return async (
    rows: Int32Array,
    first: number,
    atAnchor: readonly Float32Array[],
    atCenter: readonly Float32Array[],
  ): Promise<Omit<MapRows, 'done'>> => {
    const { dims, name, matrix: features } = compared(layer, featuresOf(layer, first, rows.length))
    const cosines = await cosineSimilarity({
      features,
      rows: rows.length,
      dims,
      anchors: Float32Array.from(compared(layer, atAnchor[layer] as Float32Array).matrix),
      anchorCount: 1,
      threads,
    }).catch((error: unknown) => {
      throw error instanceof DegenerateFeatureError ? withoutDirection(`${network.id} ${name}`, error) : error
    })
    // Anchors outside the grid are not part of the map.
    const chosen = rows.map((_, at) => at).filter((at) => (rows[at] as number) < positions)
    const message = {
      kind: 'rows',
      places: Uint32Array.from(chosen, (at) => rows[at] as number),
      cosines: Float32Array.from(chosen, (at) => cosines[at] as number),
    } as const
    if (classes === undefined || scored === -1) return message
    const anchored = compared(scored, atAnchor[scored] as Float32Array)
    const centerScores = compared(scored, atCenter[scored] as Float32Array).matrix
    const title = `${network.id} ${classes.layer}`
    const rule = detector && detectionRule(detector, classes.names, centerScores, scene.patch.category)
    const mapsOf = (scores: Float32Array, strongest: Int32Array) =>
      answerMaps(scores, strongest, centerScores, classes.scores, title, rule)
    const { center } = mapsOf(new Float32Array(0), new Int32Array(0))
    const isFinal = Array.from(rows, (row) => unit.isFinal(row))
    await answers.update(first, isFinal, center.class, async (begin, count) => {
      const { matrix, dims } = compared(scored, featuresOf(scored, begin, count))
      return mapsOf(matrix, await argmax({ features: matrix, rows: count, dims, threads })).maps
    })
    const [strongest, probability, ofCenter] = answers.maps.map((map) =>
      Float32Array.from(chosen, (at) => map[first + at] as number),
    ) as [Float32Array, Float32Array, Float32Array]
    const [own] = answersAtAnchors(anchored.matrix, centerScores, classes.scores, title, rule) as [AnswerAtAnchor]
    const places = { ...grid, size: scene.patch.size }
    const images = Array.from(chosen, (at) => [at, rows[at] as number] as const)
    const sightings =
      detector && sightingsIn(compared(scored, featuresOf(scored, first, rows.length)), images, places, rule)
    const ofAnchor = sightingsIn(anchored, [[0, anchor]], places, rule)
    const names: Record<number, string> = {}
    for (const index of [center.class, own.class, ...strongest]) {
      if (named.has(index)) continue
      named.add(index)
      names[index] = classNames[index] ?? String(index)
    }
    return {
      ...message,
      answers: {
        strongest: Uint32Array.from(strongest),
        probability,
        ofCenter,
        center: center.class,
        atAnchor: { ...own, ...(ofAnchor && { sighting: sightingAt(ofAnchor, 0) }) },
        ...(sightings && { sightings }),
        names,
      },
    }
  }
}

function withoutDirection(title: string, error: DegenerateFeatureError): DegenerateFeatureError {
  const fault = { zero: 'all zero', nan: 'not a number', infinite: 'infinite' }[error.reason]
  return reworded(
    error,
    `${title}: the feature at one or more positions is ${fault}, so its cosine is undefined; choose another object or layer`,
  )
}
