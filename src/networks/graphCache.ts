import { rmSync } from 'node:fs'
import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { graphsFolder } from './cache.js'

/** Stands in for the cache where that cannot be written, for the life of the process. */
let substitute: string | undefined

/**
 * A file of the cache of graphs: written once, then taken from there. Where the cache cannot be written, the file goes
 * into a temporary folder.
 *
 * @param name of the file; it must say all that the file depends on
 * @param write makes the file at the path that it is given, whole or not at all
 * @returns path of the file
 * @throws whatever `write` throws; OutputError when the temporary folder cannot be written either
 */
export async function cachedGraph(name: string, write: (path: string) => Promise<void>): Promise<string> {
  for (const folder of [graphsFolder(), substitute]) {
    if (folder !== undefined && (await isFile(join(folder, name)))) return join(folder, name)
  }
  const writeInto = async (folder: string) => {
    await write(join(folder, name))
    return join(folder, name)
  }
  try {
    return await writeInto(graphsFolder())
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
    return writeInto(await substituteFolder())
  }
}

async function substituteFolder(): Promise<string> {
  if (substitute === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'shiftscope-graphs-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    substitute = folder
  }
  return substitute
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  )
}
