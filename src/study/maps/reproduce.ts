import { studyClassifiers } from '../../experiments/classifiers/classifiers.js'
import { progressTo } from '../../progress.js'
import type { Report } from '../../report/report.js'
import { keepBackgroundPicture, keepPatchPicture } from '../../results/store/pictures.js'
import { unplannedPatches } from '../../results/store/study.js'
import { secondsSince } from '../../support/stopwatch.js'
import { runArithmetic } from '../arithmetic/compute.js'
import { runStudy } from '../items/run.js'
import type { StudyPlan } from '../items/studyPlan.js'
import { computeUnits, type OpenForUnits, openForUnits, type UnitComputing } from './compute.js'
import { type ReproduceOptions, resolveOptions } from './options.js'
import { type MapsPlan, planStudy, type StudyItem } from './plan.js'

/** Result of a study. */
export interface StudyResult {
  readonly out: string
  /** Number of all units of the study (a unit is one object at one size in one network). */
  readonly units: number
  /** Number of units that this call computed. */
  readonly computed: number
  /** Number of images that this call computed. */
  readonly images: number
  readonly seconds: number
  /** Numbers and findings of the report; null with `report: false`. */
  readonly report: Report | null
}

/**
 * Runs a study and writes its report into a results folder. A study has one unit per network, object and size.
 *
 * Run it again to resume it: it computes only units that are missing, damaged or made from other inputs. Neither
 * interruptions nor the number of workers change the numbers. Several processes, also on several machines that share
 * the folder, can run the same study at once. They divide the units among themselves. Finished units stay in the
 * folder, even after an error.
 * @throws UsageError for invalid options
 * @throws InputError for missing or damaged files; with the code `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` for a feature that
 *   is all zero or not finite
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if the folder cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws ResourceError for too little memory
 * @throws the signal's reason after an abort
 */
export function reproduce(options: ReproduceOptions = {}): Promise<StudyResult> {
  return reproduceWith(options, openForUnits)
}

/**
 * Does what `reproduce` does, but opens networks with the function `open`. The live page calls this function to store
 * features that the page already has.
 */
export async function reproduceWith(given: ReproduceOptions, open: OpenForUnits): Promise<StudyResult> {
  const begin = performance.now()
  const options = resolveOptions(given)
  const maps = await planStudy(options)
  const progress = progressTo(options.onProgress)
  const classifiersFor = studyClassifiers(options.request.index, (line) => progress.note(line))
  const plan: StudyPlan<StudyItem> = {
    ...maps,
    notes: await unplannedNotes(maps),
    keepInputs: () => keepPictures(maps),
    compute: computing({ options, open, classifiersFor }),
  }
  const { finished, images, report } = await runStudy(plan, options)
  return {
    out: plan.out,
    units: maps.units.length,
    computed: finished.filter(({ item }) => item.kind === 'maps').length,
    images,
    seconds: secondsSince(begin),
    report,
  }
}

function computing(how: UnitComputing): StudyPlan<StudyItem>['compute'] {
  return async (run, first) => (first.kind === 'maps' ? computeUnits(run, first, how) : runArithmetic(run, first))
}

async function unplannedNotes({ out, units }: MapsPlan): Promise<readonly string[]> {
  const planned = units.map(({ inputs }) => inputs)
  const unplanned = await unplannedPatches(out, planned)
  if (unplanned.length === 0) return []
  return [`${out} also has results of other objects (${unplanned.join(', ')}), and the tables include them`]
}

/** Stores the pictures of patches and backgrounds for the page, because units hold only their hashes. */
async function keepPictures({ out, pictures: { patches, backgrounds } }: MapsPlan): Promise<void> {
  for (const patch of patches) await keepPatchPicture(out, patch)
  for (const [frame, background] of backgrounds) await keepBackgroundPicture(out, background, frame)
}
