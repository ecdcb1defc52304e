import { InputError, reworded } from '../errors.js'
import { ANSWER_MAPS, type AnswerAtAnchor, answerMaps, answersAtAnchors } from '../experiments/answers/answers.js'
import type { AnswerRule } from '../experiments/answers/headRow.js'
import { answerNames, comparedFeatures, headOf } from '../experiments/answers/heads.js'
import { argmax, cosineSimilarity, DegenerateFeatureError } from '../native.js'
import type { Network } from '../network.js'
import { classesOfObject } from '../networks/classes/words.js'
import type { MapRequest, MapRows } from '../page/live/live.js'
import { availableCores } from '../support/machine.js'
import type { FeatureRow, RowRun } from './keptRows.js'
import type { LiveUnit } from './liveUnit.js'

type Answers = NonNullable<MapRows['answers']>

/** Answers at the rows of a run (see `AnswerMaps`), for the class `center`. All maps of a unit share them. */
interface RunAnswers {
  readonly center: number
  readonly maps: Float32Array
}

const answersOf = new WeakMap<RowRun, RunAnswers>()

/** How class scores become answers. */
interface Judge {
  readonly classes: NonNullable<Network['classes']>
  /** Index of the layer with the class scores. */
  readonly layer: number
  /** Scores with the object at the center. */
  readonly center: Float32Array
  /** Names the network and the layer in messages. */
  readonly title: string
  readonly rule: AnswerRule | undefined
}

/**
 * Turns features into messages for the page. A message has the cosines of one layer. It also has the network's answers,
 * if the network's classes are known.
 */
export class MapMaker {
  readonly #unit: LiveUnit
  /** Index of the layer whose cosines are sent. */
  readonly #layer: number
  readonly #anchor: number
  readonly #right: readonly number[] | undefined
  readonly #classNames: readonly string[]
  readonly #named = new Set<number>()
  readonly #threads = availableCores()

  /** @param anchor index of the anchor in `grid.offsets` */
  constructor(unit: LiveUnit, { layer, category }: Pick<MapRequest, 'layer' | 'category'>, anchor: number) {
    const { network } = unit
    this.#unit = unit
    this.#layer = layerOf(network, layer)
    this.#anchor = anchor
    this.#right = classesOfObject(category, network.classes?.names ?? [])
    this.#classNames = answerNames(network)
  }

  async rowsOf(all: readonly RowRun[], atAnchor: FeatureRow, atCenter: FeatureRow): Promise<Omit<MapRows, 'done'>> {
    const { rows, cols } = this.#unit.grid
    // Anchors outside the grid are not part of the map.
    const runs = all.filter((run) => run.rows[0]! < rows * cols)
    const message = {
      kind: 'rows',
      places: Uint32Array.from(runs.flatMap((run) => [...run.rows])),
      cosines: await this.#cosineRows(runs, atAnchor),
    } as const
    const judge = this.#judgeOf(atCenter)
    return judge === undefined ? message : { ...message, answers: await this.#answerRows(judge, runs, atAnchor) }
  }

  #compared(layer: number, features: readonly Float32Array[]) {
    const { layers, head } = this.#unit.network
    return comparedFeatures({ ...layers[layer]!, matrix: features[layer]! }, head)
  }

  async #cosineRows(runs: readonly RowRun[], atAnchor: FeatureRow): Promise<Float32Array> {
    const anchors = Float32Array.from(this.#compared(this.#layer, atAnchor).matrix)
    const cosines: Float32Array[] = []
    for (const { rows, features } of runs) {
      const { dims, name, matrix } = this.#compared(this.#layer, features)
      const work = { features: matrix, rows: rows.length, dims, anchors, anchorCount: 1, threads: this.#threads }
      const ofRun = await cosineSimilarity(work).catch((error: unknown) => {
        if (!(error instanceof DegenerateFeatureError)) throw error
        throw withoutDirection(`${this.#unit.network.id} ${name}`, error)
      })
      cosines.push(ofRun)
    }
    return joined(cosines)
  }

  /** @returns undefined if the network's classes are not known */
  #judgeOf(atCenter: FeatureRow): Judge | undefined {
    const { id, layers, classes, head } = this.#unit.network
    const layer = layers.findIndex(({ name }) => name === classes?.layer)
    if (classes === undefined || layer === -1) return undefined
    const center = this.#compared(layer, atCenter).matrix
    const threshold = head && { threshold: head.threshold }
    const rule = threshold && headOf(head?.kind).reader?.rule(threshold, classes.names, center, this.#right)
    return { classes, layer, center, title: `${id} ${classes.layer}`, rule }
  }

  async #answerRows(judge: Judge, runs: readonly RowRun[], atAnchor: FeatureRow): Promise<Answers> {
    const center = answersIn(judge, new Float32Array(0), new Int32Array(0)).center.class
    const maps: Float32Array[] = []
    for (const run of runs) maps.push(await this.#mapsOf(judge, run, center))
    const part = (i: number) =>
      joined(maps.map((all) => all.subarray((i * all.length) / ANSWER_MAPS, ((i + 1) * all.length) / ANSWER_MAPS)))
    const strongest = Uint32Array.from(part(0))
    const own = this.#anchorAnswer(judge, atAnchor)
    return {
      strongest,
      probability: part(1),
      ofCenter: part(2),
      center,
      ...(this.#right && { right: this.#right }),
      atAnchor: own,
      ...(own.sighting && { sightings: joined(runs.map((run) => this.#sightingsOf(judge, run))) }),
      names: this.#newNames([center, own.class, ...strongest]),
    }
  }

  async #mapsOf(judge: Judge, run: RowRun, center: number): Promise<Float32Array> {
    const known = answersOf.get(run)
    if (known?.center === center) return known.maps
    const { matrix, dims } = this.#compared(judge.layer, run.features)
    const strongest = await argmax({ features: matrix, rows: run.rows.length, dims, threads: this.#threads })
    const { maps } = answersIn(judge, matrix, strongest)
    answersOf.set(run, { center, maps })
    return maps
  }

  #anchorAnswer(judge: Judge, atAnchor: FeatureRow): Answers['atAnchor'] {
    const { classes, layer, center, title, rule } = judge
    const { matrix } = this.#compared(layer, atAnchor)
    const [own] = answersAtAnchors(matrix, center, classes.scores, title, rule) as [AnswerAtAnchor]
    const run = { rows: Int32Array.of(this.#anchor), features: atAnchor }
    const sightings = this.#sightingsOf(judge, run)
    return { ...own, ...(sightings && { sighting: sightings }) }
  }

  /** Only of a head. */
  #sightingsOf({ layer, rule }: Judge, { rows, features }: RowRun): Float32Array | undefined {
    const { grid, scene } = this.#unit
    const squares = { offsets: grid.offsets, size: scene.patch.size }
    const { reader } = headOf(this.#unit.network.head?.kind)
    return rule && reader?.sightings(this.#compared(layer, features), [...rows.entries()], squares, rule)
  }

  /** Names of the classes that no earlier message named. */
  #newNames(indices: readonly number[]): Record<number, string> {
    const names: Record<number, string> = {}
    for (const index of indices) {
      if (this.#named.has(index)) continue
      this.#named.add(index)
      names[index] = this.#classNames[index] ?? String(index)
    }
    return names
  }
}

function layerOf({ id, layers }: Network, wanted: string): number {
  const layer = layers.findIndex(({ name }) => name === wanted)
  if (layer === -1) throw new InputError(`${id} has no layer ${wanted} on this page; choose one of its layers`)
  return layer
}

function answersIn({ classes, center, title, rule }: Judge, scores: Float32Array, strongest: Int32Array) {
  return answerMaps(scores, strongest, center, classes.scores, title, rule)
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
