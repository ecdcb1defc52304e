import { UsageError } from '../errors.js'
import { isCheckpointPath, recogniseCheckpoint } from '../networks/index.js'

/** Networks of a study, and weights in place of the published ones. */
interface NamedModels {
  /** Ids of the catalog, paths of ONNX files, or checkpoints. */
  readonly models: readonly string[]
  /** By id. */
  readonly weights: Readonly<Record<string, string>>
}

/**
 * Replaces checkpoints among the networks by ids, and adds the files to the weights.
 *
 * @throws UsageError where a network would have two files of weights; InputError for a checkpoint that is damaged or of no
 * network that is known
 */
export async function byIds({ models, weights }: NamedModels): Promise<NamedModels> {
  const found = new Map<string, string>()
  const ids: string[] = []
  for (const model of new Set(models)) {
    const isFile = await isCheckpointPath(model)
    const id = isFile ? await recogniseCheckpoint(model) : model
    if (isFile && Object.hasOwn(weights, id))
      throw new UsageError(`${model} holds its own weights; leave out those of ${id}`)
    const other = found.get(id) ?? (ids.includes(id) ? id : undefined)
    if (other !== undefined)
      throw new UsageError(
        `${other} and ${model} are both ${id} in this study; run them separately, each into its own folder`,
      )
    if (isFile) found.set(id, model)
    ids.push(id)
  }
  return { models: ids, weights: { ...weights, ...Object.fromEntries(found) } }
}
