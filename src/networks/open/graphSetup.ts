import { readFile } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { env } from 'onnxruntime-node'
import { z } from 'zod'
import { OutputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { graphsFolder } from '../../files/cacheFolder.js'
import { packageVersion } from '../../files/package.js'
import { sha256 } from '../../files/sha256.js'
import { type Network, OPTIMIZATIONS } from '../../network.js'
import { checkOwner, intactGraph } from '../../onnx/edit/graphCache.js'
import { inputSchema } from '../catalog/catalog.js'

/** The part of a network setup that a trial run found: which graph to run, and which outputs and input it has. */
export type GraphSetup = Pick<Network, 'onnxPath' | 'optimization' | 'input' | 'oneAtATime' | 'layers' | 'pool'>

/**
 * A `GraphSetup` as it is stored in the cache. `graph` is the path of the graph to run, relative to `graphsFolder()`;
 * null if the model's own file is run.
 */
const keptSchema = z.object({
  graph: z
    .string()
    .refine((path) => !isAbsolute(path) && !path.split(/[/\\]/).includes('..'))
    .nullable(),
  optimization: z.enum(OPTIMIZATIONS).exactOptional(),
  input: inputSchema,
  oneAtATime: z.literal(true).exactOptional(),
  layers: z.array(
    z.object({
      name: z.string(),
      dims: z.number().int().positive(),
      output: z.string().exactOptional(),
      isMap: z.boolean().exactOptional(),
      tokens: z
        .object({ axis: z.number(), before: z.number(), side: z.number(), channels: z.number() })
        .exactOptional(),
    }),
  ),
  pool: z.enum(['mean', 'max', 'center']).exactOptional(),
})

export async function storedSetup(path: string, key: object): Promise<GraphSetup | undefined> {
  try {
    await checkOwner()
    const { graph, ...setup } = keptSchema.parse(JSON.parse(await readFile(fileOf(key), 'utf8')))
    const onnxPath = graph === null ? path : (await intactGraph(join(graphsFolder(), graph)))?.path
    return onnxPath === undefined ? undefined : { onnxPath, ...setup }
  } catch {
    // A damaged file, or one that anyone can change, is treated as missing; the caller tries the graph again.
    return undefined
  }
}

/** If the cache cannot be written, nothing is stored, and there is no error. */
export async function keepSetup(path: string, key: object, { onnxPath, ...setup }: GraphSetup): Promise<void> {
  const graph = onnxPath === path ? null : relative(graphsFolder(), onnxPath)
  try {
    await writeFileAtomic(fileOf(key), JSON.stringify({ graph, ...setup }))
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
  }
}

/** Increase it whenever trial runs decide in another way, so that older setups are not used. */
const SETUP_FORMAT = 1

/**
 * Path of the file for a key. Its name also depends on the versions of Shiftscope and ONNX Runtime, because a different
 * version may give a different result.
 */
function fileOf(key: object): string {
  const all = JSON.stringify([SETUP_FORMAT, packageVersion(), env.versions.node, key])
  return join(graphsFolder(), `layers-${sha256(all).slice(0, 32)}.json`)
}
