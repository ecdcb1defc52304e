import { basename } from 'node:path'
import { z } from 'zod'
import { throwIfStopped, UsageError } from '../errors.js'
import { regularSize } from '../files/regularFile.js'
import { PAPER_LIMITS } from '../plot/colormap.js'
import { colourLimits } from '../plot/colourLimits.js'
import { type ProgressListener, progressTo } from '../progress.js'
import { isResultsFolder } from '../results/store/resultsFolder.js'
import { callback, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import { UNKNOWN_NETWORK } from './extractFile.js'
import { writeExtractionPage } from './extractionPage.js'
import { findArrays, fitsPage, MOST_FEATURE_BYTES, readExtraction } from './viewedArrays.js'

const TOO_MANY_FEATURES = `its features exceed the limit of ${MOST_FEATURE_BYTES / 1e6} MB, so the page has only the five anchors' maps; extract with a larger stride to choose other anchors`

const OPTIONS = {
  /** Folder for index.html and `site`. By default the source folder; for NAME.npy, the folder NAME beside it. */
  out: z.string().exactOptional(),
  /** Lowest and highest value of the colour scale when the page opens; by default 0.88 and 1, as in the paper. */
  limits: colourLimits.default(PAPER_LIMITS),
  /** Also writes the page as this one HTML file of at most 40 MB, which needs no files beside it. */
  oneFile: z.string().exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
  signal: schemas.signal.exactOptional(),
}

/** Options of `viewFeatures`. */
export interface ViewOptions extends GivenOptions<typeof OPTIONS> {}

/** A written page of features. */
export interface FeaturePage {
  /** Path of the page's index.html. */
  readonly page: string
  /** Id of the network; null if unknown. */
  readonly model: string | null
  readonly rows: number
  readonly cols: number
  /** Whether the page shows a picture of the object. */
  readonly hasPicture: boolean
  readonly layers: readonly {
    /** Name of the layer or file. */
    readonly name: string
    readonly dims: number
    /** Whether the page holds the layer's features. If so, every position can be the anchor. */
    readonly hasFeatures: boolean
  }[]
}

/**
 * Writes a page that shows the similarity maps of extracted features. A browser can open it from disk. If a layer's
 * features take at most 400 MB, the user can choose any position as the anchor; otherwise, only one of five. The
 * same features always give the same page, byte for byte.
 * @param source folder that `extract` wrote, or path of a .npy file of float32 [rows, cols, dims]
 * @throws InputError for any other folder or file, or for more than 4096 positions along an axis; with the code
 *   `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` for a feature that is all zero or not finite
 * @throws UsageError for invalid options, if `oneFile` is in the folder `site`, or if the page would replace the
 *   report of a results folder
 * @throws OutputError if the page cannot be written
 * @throws the signal's reason after an abort; the previous page is then unchanged
 */
export async function viewFeatures(source: string, options: ViewOptions = {}): Promise<FeaturePage> {
  const { out: given, limits, oneFile, onProgress, signal } = parseOptions(options, OPTIONS)
  if (typeof source !== 'string') throw new UsageError('the source must be the path of a folder or of a .npy file')
  const arrays = await findArrays(source)
  const out = given ?? arrays.out
  if (await isResultsFolder(out))
    throw UsageError.of`${out} is a results folder, and the new page would replace its report; choose another folder with \`out\``
  const progress = progressTo(onProgress)
  const bytes = await Promise.all(arrays.files.map(({ path }) => regularSize(path).catch(() => 0)))
  progress.start(basename(source), sum(bytes), { unit: 'bytes', before: 0 })
  const extraction = await readExtraction(arrays, (layers) => {
    endIfViewStopped(signal)
    progress.update(sum(bytes.slice(0, layers)))
  }).finally(() => progress.stop())
  const { moved, unit } = extraction
  const { inputs, rows, cols, layers } = unit
  if (moved !== undefined) progress.note(moved)
  const positions = rows * cols
  for (const { name, dims } of layers) if (!fitsPage(positions, dims)) progress.note(`${name}: ${TOO_MANY_FEATURES}`)
  endIfViewStopped(signal)
  return {
    ...(await writeExtractionPage(out, extraction, limits, oneFile, progress)),
    model: inputs.model === UNKNOWN_NETWORK ? null : inputs.model,
    rows,
    cols,
    layers: layers.map(({ name, dims }) => ({ name, dims, hasFeatures: fitsPage(positions, dims) })),
  }
}

function endIfViewStopped(signal: AbortSignal | undefined): void {
  throwIfStopped(signal, 'stopped; the previous page, if there is one, is unchanged')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
