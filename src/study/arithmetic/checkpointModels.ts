import { UsageError } from '../../errors.js'
import { recogniseCheckpoint } from '../../networks/file/recognition.js'
import { checkIds, parseReference } from '../../networks/reference/reference.js'

interface NamedModels {
  /** Networks, named as in `openNetwork`. */
  readonly models: readonly string[]
  /** Paths of checkpoints, by the id of the network in the study. */
  readonly weights: Readonly<Record<string, string>>
}

/**
 * Replaces each checkpoint in `models` by the id of its network, and adds its path to `weights`. A given name stays:
 * `new=x.pth` becomes `new=alexnet`.
 * @throws UsageError if two networks have the same id
 */
export async function byIds({ models, weights }: NamedModels): Promise<NamedModels> {
  const found: Record<string, string> = {}
  const named: string[] = []
  const ids: [string, string][] = []
  for (const given of new Set(models)) {
    const { name, model, id, kind } = parseReference({ model: given })
    if (kind !== 'checkpoint') {
      named.push(given)
      ids.push([given, id])
      continue
    }
    const network = await recogniseCheckpoint(model)
    const own = name ?? network
    if (Object.hasOwn(weights, own))
      throw UsageError.of`${given} already gives the weights of ${own}; leave out \`weights ${own}=FILE\``
    named.push(name === undefined ? network : `${name}=${network}`)
    ids.push([given, own])
    found[own] = model
  }
  checkIds(ids)
  return { models: named, weights: { ...weights, ...found } }
}
