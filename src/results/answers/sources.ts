import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { readStored } from '../../files/json.js'
import { isInside } from '../../files/regularFile.js'

const photographsSchema = z.object({ photographs: z.object({ source: z.string() }) })

const runSchema = z.object({
  photographs: z.unknown().optional(),
  earlier: z.array(z.unknown()).optional(),
})

/** Finds where a photograph of that name may be. The file may be missing, or have another content. */
export type PhotographFinder = (photograph: string) => readonly string[]

/**
 * Finds photographs where the calls that are described in run.json found them, the latest call first. A name cannot
 * lead out of the folder that was given.
 */
export async function photographFinder(results: string): Promise<PhotographFinder> {
  const run = await readStored(runSchema, join(results, 'run.json'))
  const entries = [run, ...(run?.earlier ?? []).toReversed()]
  const sources = entries.flatMap((entry) => photographsSchema.safeParse(entry).data?.photographs.source ?? [])
  const roots: { readonly root: string; readonly isFolder: boolean }[] = []
  for (const source of new Set(sources)) {
    const isFolder = await stat(source).then(
      (status) => status.isDirectory(),
      () => undefined,
    )
    if (isFolder !== undefined) roots.push({ root: isFolder ? source : dirname(source), isFolder })
  }
  return (photograph) =>
    roots.flatMap(({ root, isFolder }) => {
      const path = resolve(root, photograph)
      return isFolder && !isInside(root, path) ? [] : [path]
    })
}
