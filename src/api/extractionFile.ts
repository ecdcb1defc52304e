import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import { readRegular } from '../files/regularFile.js'
import { fileName } from '../results/fileName.js'
import { type DescribedGrid, gridSchema } from './featureGrid.js'

/** Name of the file that says what the arrays beside it are. */
export const DESCRIPTION_FILE = 'extract.json'

/** Name of the file of a layer's features. */
export function arrayFile(layer: string): string {
  return `${fileName(layer)}.npy`
}

/** @param description what made the arrays, plain data but for the layers' features */
export async function writeDescription(
  out: string,
  description: { readonly layers: readonly { readonly name: string; readonly dims: number }[] },
): Promise<void> {
  const layers = description.layers.map(({ name, dims }) => ({ name, dims, file: arrayFile(name) }))
  const document = { shiftscope: packageVersion(), ...description, layers }
  await writeFileAtomic(join(out, DESCRIPTION_FILE), `${JSON.stringify(document, null, 2)}\n`)
}

/** What extract.json says that a page of the extraction shows. */
const descriptionSchema = gridSchema.extend({
  model: z.string(),
  weightsSha256: z.string(),
  layers: z
    .array(z.object({ name: z.string(), dims: z.number().int().positive() }))
    .min(1)
    .refine((layers) => new Set(layers.map(({ name }) => name)).size === layers.length),
  patch: z.string(),
  patchSha256: z.string(),
  background: z.string(),
  blend: z.enum(['hard', 'soft']),
  /** The layer that has a value for each class, and names by index; absent: not known. */
  answers: z.object({ layer: z.string(), names: z.record(z.string(), z.string()) }).optional(),
})
export type ExtractionDescription = z.infer<typeof descriptionSchema>

/**
 * What made the arrays of a folder.
 * @returns undefined where there is no extract.json
 * @throws InputError if there is one that is damaged
 */
export async function readDescription(folder: string): Promise<ExtractionDescription | undefined> {
  const path = join(folder, DESCRIPTION_FILE)
  const text = await readRegular(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new InputError(`cannot read ${path}: ${error.message}`)
  })
  if (text === undefined) return undefined
  const { data, error } = descriptionSchema.safeParse(tryJson(text.toString()))
  if (data !== undefined) return data
  const what = error.issues[0]?.path.join('.')
  throw new InputError(`${path} is damaged${what ? ` (${what})` : ''}; run extract again`)
}

/** What the extract.json of a folder says of the grid; undefined: there is none, or it says nothing. */
export async function describedGrid(folder: string): Promise<DescribedGrid | undefined> {
  const text = await readRegular(join(folder, DESCRIPTION_FILE)).catch(() => 'null')
  return gridSchema.safeParse(tryJson(text.toString())).data
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
