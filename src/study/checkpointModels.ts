import { UsageError } from '../errors.js'
import { isCheckpointPath, recogniseCheckpoint } from '../networks/index.js'

interface NamedModels {
  /** Networks, each given as an id in the catalog, the path of an ONNX file, or the path of a checkpoint. */
  readonly models: readonly string[]
  /** Paths of checkpoints, by the id of the network that they belong to. */
  readonly weights: Readonly<Record<string, string>>
}

/** Replaces each checkpoint in `models` by the id of its network, and adds its path to `weights`. */
export async function byIds({ models, weights }: NamedModels): Promise<NamedModels> {
  const found = new Map<string, string>()
  const ids: string[] = []
  for (const model of new Set(models)) {
    const isFile = await isCheckpointPath(model)
    const id = isFile ? await recogniseCheckpoint(model) : model
    if (isFile && Object.hasOwn(weights, id))
      throw new UsageError(`${model} already gives the weights of ${id}; leave out \`weights ${id}=FILE\``)
    const other = found.get(id) ?? (ids.includes(id) ? id : undefined)
    if (other !== undefined)
      throw new UsageError(
        `${other} and ${model} are both the network ${id}, but a study can have each network only once; run two studies, each with its own \`out\``,
      )
    if (isFile) found.set(id, model)
    ids.push(id)
  }
  return { models: ids, weights: { ...weights, ...Object.fromEntries(found) } }
}
