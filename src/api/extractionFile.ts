import { join } from 'node:path'
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
