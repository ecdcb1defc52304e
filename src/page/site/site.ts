import { ANCHOR_NAMES, positionRange } from '../../engine/scene/positions.js'
import { constantWords } from '../../experiments/answers/chance.js'
import { meanAndMin } from '../../experiments/maps/mapMeasures.js'
import { SKETCH_ERROR } from '../../experiments/maps/sketch.js'
import { sha256 } from '../../files/sha256.js'
import { knownClasses } from '../../networks/open/notes.js'
import type { ColourLimits } from '../../plot/colormap.js'
import type { OpenUnit } from '../../results/store/openUnit.js'
import { type SketchedGroup, sketchedPatches } from '../../results/store/sketchedPatches.js'
import { meanMap, numberOf, type StudyGroup, type UnitVisitor } from '../../results/store/study.js'
import { mapAt } from '../../results/unit/arrays.js'
import { oneAtATime } from '../../support/oneAtATime.js'
import { encodedMap, unitAnswers } from './answers.js'
import { writeFeatures } from './features.js'
import { writeSiteFile } from './file.js'
import { kindOf } from './groups.js'
import { sitePictures } from './pictures.js'
import type {
  SiteGroup,
  SiteIndex,
  SiteLayerMaps,
  SiteMaps,
  SiteUnit,
  SmallAnswers,
  SmallAnswersOfGroup,
} from './siteIndex.js'
import { answerSummary, classRanking, smallAnswers } from './smallAnswers.js'

/** Writes the viewer's files while a study is read. It gets one unit at a time: an object in a network at one size. */
export interface SiteWriter extends Required<Pick<UnitVisitor, 'onUnit'>> {
  /** Writes the mean maps. Call it when all units have been visited. */
  readonly finish: (groups: readonly StudyGroup[], limits: ColourLimits) => Promise<SiteIndex>
}

interface GroupFiles {
  readonly key: number
  readonly opened: OpenUnit[]
  /** For each unit in `opened`, its entry in the page's index. It is added after the unit's files have been written. */
  readonly units: SiteUnit[]
  /** For each unit, a small map of its answers for the overview. */
  readonly small: (SmallAnswers | null)[]
}

/** @param site an empty folder for the files; see `SiteMaps`, `SitePicture` and `SiteFeatures` */
export function siteWriter(results: string, site: string): SiteWriter {
  const pictures = sitePictures(results, site)
  const groups = new Map<string, GroupFiles>()
  const filesOf = (model: string, size: number): GroupFiles => {
    const name = JSON.stringify([model, size])
    const files = groups.get(name) ?? { key: groups.size, opened: [], units: [], small: [] }
    groups.set(name, files)
    return files
  }
  // Features are large, so only one unit's features are in memory at a time.
  const inTurn = oneAtATime()
  const ranking = classRanking()
  return {
    onUnit: async (unit, maps) => {
      const { key, opened, units, small } = filesOf(unit.inputs.model, unit.inputs.size)
      const i = opened.push(unit) - 1
      const writers = [
        pictures.patch(unit.inputs),
        inTurn(() => writeFeatures(site, `features/${key}/${i}`, unit, 'features')),
        writeMaps(site, `maps/${key}/${i}`, unit, maps),
      ] as const
      // If one writer fails, wait for the others. The caller then removes the folder, and nothing may still write into
      // it.
      await Promise.allSettled(writers)
      const [picture, features, answers] = await Promise.all(writers)
      if (answers) ranking.add(answers)
      units[i] = {
        patch: unit.inputs.patch,
        picture,
        // With a single position, nothing can be said about moving the object.
        ...(answers && unit.rows * unit.cols > 1 && { answer: answerSummary(answers) }),
        ...(features && { features }),
      }
      small[i] = answers ? smallAnswers(answers) : null
    },
    finish: async (studyGroups, limits) => {
      // Which sketches (shortened features) fit on the page is decided here, when all units have been visited.
      const sketched = sketchedPatches([...groups.values()].map(({ opened }) => sketchedGroup(opened)))
      const described: SiteGroup[] = []
      const means: SiteMaps[] = []
      for (const group of studyGroups) {
        const files = filesOf(group.model, group.size)
        const { key, units, small } = files
        const mean = meanMaps(group)
        means.push(mean)
        await writeSiteFile(site, `maps/${key}/mean`, mean)
        await writeSiteFile(site, `answers/${key}`, small satisfies SmallAnswersOfGroup)
        await addSketches(site, files, sketched)
        described.push({
          key,
          ...(small.some((one) => one !== null) ? classesOf(group) : { classes: null }),
          units,
          ...(await describeGroup(group, pictures.background)),
        })
      }
      const classes = ranking.ranked()
      const digest = sha256(JSON.stringify([described, means, classes, limits]))
      await writeSiteFile(site, 'study', digest)
      return { digest, groups: described, classes, limits }
    },
  }
}

async function writeMaps(site: string, file: string, unit: OpenUnit, maps: Float32Array) {
  const answers = await unitAnswers(unit)
  await writeSiteFile(site, file, { ...unitMaps(unit, maps), ...(answers && { answers: answers.encoded }) })
  return answers?.numbered
}

async function addSketches(site: string, { key, opened, units }: GroupFiles, sketched: ReadonlySet<string>) {
  for (const [i, unit] of opened.entries()) {
    if (!isOfSketches(unit) || !sketched.has(unit.inputs.patch)) continue
    const features = await writeFeatures(site, `features/${key}/${i}`, unit, 'sketch')
    if (features) units[i] = { ...units[i]!, features, error: SKETCH_ERROR }
  }
}

function sketchedGroup(units: readonly OpenUnit[]): SketchedGroup {
  const { rows, cols, layers } = units[0]!
  return {
    positions: rows * cols,
    layers: layers.length,
    hasAnswers: layers.some(({ answers }) => answers !== null),
    units: units.map((unit) => ({
      patch: unit.inputs.patch,
      dims: isOfSketches(unit) ? unit.layers.reduce((sum, { sketch }) => sum + (sketch ?? 0), 0) : 0,
    })),
  }
}

function isOfSketches({ inputs }: OpenUnit): boolean {
  return inputs.sketches === true && !inputs.keepsFeatures
}

function unitMaps(unit: OpenUnit, maps: Float32Array): SiteMaps {
  return {
    layers: unit.layers.map((_, layer) => {
      const ofLayer = ANCHOR_NAMES.map((_, anchor) => mapAt(maps, unit, layer, anchor))
      const measured = ofLayer.map(meanAndMin)
      return {
        means: measured.map(({ mean }) => mean),
        minima: measured.map(({ min }) => min),
        maps: ofLayer.map((map) => encodedMap(map, unit.folder)),
      }
    }),
  }
}

function meanMaps(group: StudyGroup): SiteMaps {
  return {
    layers: group.layers.map((layer, i): SiteLayerMaps => {
      const maps = ANCHOR_NAMES.map((_, anchor) => meanMap(group, i, anchor))
      return {
        means: ANCHOR_NAMES.map((anchor) => numberOf(group, layer, 'similarity-mean', { anchor })!.mean),
        minima: maps.map((map) => meanAndMin(map).min),
        maps: maps.map((map) => encodedMap(map, group.model)),
      }
    }),
  }
}

function classesOf({ units }: StudyGroup): Pick<SiteGroup, 'classes' | 'knows'> {
  for (const { layers, inputs } of units) {
    const layer = layers.find(({ answers }) => answers !== null)
    if (!layer?.answers) continue
    return { classes: layer.name, knows: knownClasses(inputs.weightsSha256, layer.dims, layer.answers.names) }
  }
  return { classes: null }
}

async function describeGroup(
  group: StudyGroup,
  background: (identity: string, frameSide: number) => Promise<SiteGroup['background']>,
): Promise<Omit<SiteGroup, 'key' | 'classes' | 'knows' | 'units'>> {
  const { model, size, rows, cols, stride, frame, units, varieties } = group
  const [first] = units
  const [constant] = varieties.flatMap((one) => (one && constantWords(one, kindOf(group))) ?? [])
  if (first === undefined) throw new Error('a group has no unit')
  const answered = first.layers.find(({ answers }) => answers !== null)?.name ?? ''
  const relative = numberOf(group, answered, 'answer-relative-agreement', {})?.mean
  const anchors = ANCHOR_NAMES.map((name) => ({ name, ...first.anchors[name] }))
  return {
    model,
    size,
    rows,
    cols,
    stride,
    first: positionRange(frame, size).first,
    frame,
    ...(first.inputs.head && { head: first.inputs.head.kind }),
    ...(constant !== undefined && { constant }),
    ...(relative !== undefined && Number.isFinite(relative) && { relative }),
    background: await background(first.inputs.background, frame),
    anchors,
    layers: first.layers.map(({ name }) => {
      const baseline = numberOf(group, name, 'null-baseline', { classes: 'different' })?.mean ?? null
      return { name, baseline }
    }),
  }
}
