import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { checkOptions, kinds } from '../checkedOptions.js'
import { throwIfStopped, UsageError } from '../errors.js'
import { PAPER_LIMITS } from '../page/paperLimits.js'
import { type ColourLimits, checkLimits } from '../plot/colormap.js'
import { type ProgressListener, progressTo } from '../progress.js'
import { writeExtractionPage } from '../report/extractionPage.js'
import { UNKNOWN_NETWORK } from './extractFile.js'
import { findArrays, fitsPage, isResultsFolder, MOST_FEATURE_BYTES, readExtraction } from './viewedArrays.js'

const TOO_MANY_FEATURES = `its features are more than the ${MOST_FEATURE_BYTES / 1e6} MB that a page takes, so it has the five anchors' maps alone; extract it anew with a larger stride for any other anchor`

export interface ViewOptions {
  /** Folder for index.html and `site`; by default the extraction's, of a single file one beside it with the file's name. */
  readonly out?: string
  /** Ends of the colour scale at the start; the paper's 0.88 and 1 by default. */
  readonly limits?: ColourLimits
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/** A page that shows features. */
export interface FeaturePage {
  /** Path of its index.html. */
  readonly page: string
  /** null: not known. */
  readonly model: string | null
  /** Positions along each axis. */
  readonly rows: number
  readonly cols: number
  /** Whether the page shows the patch itself. */
  readonly hasPicture: boolean
  readonly layers: readonly {
    readonly name: string
    readonly dims: number
    /** Whether the page has the layer's features, so that any position may be the anchor. */
    readonly hasFeatures: boolean
  }[]
}

/**
 * Writes a page that shows one extraction: similarity maps with the five anchors, and with any other position where the
 * features are not too many for a browser (400 MB a layer). It opens from disk, and the same features give the same bytes.
 * @param source a folder that `extract` wrote, one of its .npy files, or any .npy file of float32 [rows, cols, dims]
 * @throws InputError for a folder or file that is not that, a feature that is all zero or not finite (its position is named), or
 *   more than 4096 positions along an axis; UsageError if the page would replace that of a results folder; OutputError; an abort
 *   rejects with the signal's reason, and leaves the former page as it was
 */
export async function viewFeatures(source: string, options: ViewOptions = {}): Promise<FeaturePage> {
  checkOptions(options, {
    optional: { out: kinds.text, limits: kinds.limits, onProgress: kinds.callback, signal: kinds.signal },
  })
  const { limits = PAPER_LIMITS, onProgress, signal } = options
  checkLimits(limits)
  if (typeof source !== 'string') throw new UsageError('the source is the path of a folder or a .npy file')
  const arrays = await findArrays(source)
  const out = options.out ?? arrays.out
  if (await isResultsFolder(out))
    throw new UsageError(`${out} is a results folder, whose page report writes; choose another folder with \`out\``)
  const progress = progressTo(onProgress)
  const bytes = await Promise.all(arrays.files.map(({ path }) => fileSize(path)))
  progress.start(basename(source), sum(bytes), { unit: 'bytes', before: 0 })
  const extraction = await readExtraction(arrays, (layers) => {
    endIfViewStopped(signal)
    progress.update(sum(bytes.slice(0, layers)))
  }).finally(() => progress.stop())
  const { inputs, rows, cols, layers } = extraction.unit
  const positions = rows * cols
  for (const { name, dims } of layers) if (!fitsPage(positions, dims)) progress.note(`${name}: ${TOO_MANY_FEATURES}`)
  endIfViewStopped(signal)
  return {
    ...(await writeExtractionPage(out, extraction, limits)),
    ...{ model: inputs.model === UNKNOWN_NETWORK ? null : inputs.model, rows, cols },
    layers: layers.map(({ name, dims }) => ({ name, dims, hasFeatures: fitsPage(positions, dims) })),
  }
}

function endIfViewStopped(signal: AbortSignal | undefined): void {
  throwIfStopped(signal, 'stopped; the previous page, if there is one, is unchanged')
}

function fileSize(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
