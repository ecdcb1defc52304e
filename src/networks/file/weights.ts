import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, words } from '../../errors.js'
import { weightsFolder } from '../../files/cacheFolder.js'
import { packageFolder } from '../../files/package.js'
import { elementCount } from '../../support/shape.js'
import { architectures } from '../architectures/architectures.js'
import { type Architecture, parametersOf } from '../architectures/layer.js'
import { catalogModels, type ModelEntry, type WeightsSource, weightsCommand } from '../catalog/catalog.js'
import type { Reference } from '../reference/reference.js'

export function embeddedFile(entry: ModelEntry): string {
  return join(packageFolder(), entry.file!)
}

export function architectureOf(entry: ModelEntry): Architecture {
  const architecture = architectures.find(({ id }) => id === entry.id)
  if (!architecture) throw new Error(`the catalog contains ${entry.id}, but there is no architecture for it`)
  return architecture
}

/** Path of the weights in the cache. */
export async function importedWeights({ id }: ModelEntry): Promise<string | undefined> {
  const names = await readdir(weightsFolder()).catch((): string[] => [])
  const name = names.sort().find((one) => one.startsWith(`${id}.`))
  return name === undefined ? undefined : join(weightsFolder(), name)
}

/** Expected size of the weights in bytes: the published size, or 4 bytes per parameter; null if unknown. */
export function expectedWeightBytes(entry: ModelEntry): number | null {
  if (entry.kind === 'embedded') return null
  const [source] = entry.sources
  if (typeof source?.bytes === 'number') return source.bytes
  const parameters = parametersOf(architectureOf(entry).layers)
  return Float32Array.BYTES_PER_ELEMENT * parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

/**
 * Checks all networks and generators of a study at once, so that one command can fetch what is missing.
 * @throws InputError that names those whose weights are neither given nor on this machine
 */
export async function checkWeights(references: readonly Pick<Reference, 'model' | 'weights'>[]): Promise<void> {
  const missing = new Set<string>()
  for (const { model, weights } of references) {
    const entry = catalogModels().find(({ id }) => id === model)
    if (weights === undefined && entry?.kind === 'published' && (await importedWeights(entry)) === undefined)
      missing.add(model)
  }
  if (missing.size === 0) return
  throw new InputError(
    `the weights of ${[...missing].join(', ')} are not on this machine; run "shiftscope models pull ${[...missing].join(' ')}"`,
  )
}

/** @param option the option with which the user can give weights */
export function missingWeights(entry: ModelEntry, option?: string): InputError {
  const { id, sources } = entry
  const byOption = option === undefined ? '' : words`, or pass \`${option}\``
  const [source] = sources as [WeightsSource]
  return InputError.of`the weights of ${id} are not on this machine; run "${weightsCommand(entry)}", or download ${source.url} and run "shiftscope models import ${id} FILE"${byOption}`
}
