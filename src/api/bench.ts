import { benchExtract, type ExtractBench } from '../bench/extract.js'
import { sceneOf } from '../engine/scene.js'
import type { WishedSettings } from '../engine/settings.js'
import { catalog } from '../networks/index.js'
import { builtInPatches } from '../patches/collection.js'
import { readImage } from '../patches/image.js'
import { patchAtSize } from '../patches/patch.js'
import { chooseNetwork } from './options.js'

/** Size of the patch that the benchmark moves: the paper's small one. */
const PATCH_SIZE = 75

export interface BenchExtractionOptions extends WishedSettings {
  /** Ids of the catalog; the embedded networks by default. */
  readonly models?: readonly string[]
  readonly weights?: Readonly<Record<string, string>>
  /** Pairs of measurements. */
  readonly repeats?: number
  readonly signal?: AbortSignal
}

/** Measures extraction with each network; see `benchExtract`. */
export async function benchExtraction({
  models,
  weights,
  ...options
}: BenchExtractionOptions = {}): Promise<readonly ExtractBench[]> {
  const [source] = await builtInPatches()
  if (source === undefined) throw new Error('there are no built-in patches')
  const results: ExtractBench[] = []
  for (const model of models ??
    catalog()
      .filter(({ kind }) => kind === 'embedded')
      .map(({ id }) => id)) {
    const file = weights?.[model]
    const network = await chooseNetwork(file === undefined ? { model } : { model, weights: file })
    const patch = patchAtSize(source.name, await readImage(source.path), PATCH_SIZE, network.input.rows)
    results.push(await benchExtract(network, sceneOf(patch), options))
  }
  return results
}
