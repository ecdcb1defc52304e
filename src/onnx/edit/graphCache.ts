import { existsSync, rmSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, OutputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { cacheFolder, graphsFolder } from '../../files/cacheFolder.js'
import { withFile } from '../../files/openFile.js'
import { makeTemporaryFolder } from '../../files/temporaries.js'
import { warn } from '../../support/warning.js'

export interface CachedGraph {
  readonly path: string
  readonly sha256: string
  readonly bytes: number
}

/** Temporary folder to use if the cache cannot be written; removed when the process exits. */
let substitute: string | undefined

/**
 * Returns a graph from the cache. If its file is missing or has changed, the graph is written first. If the cache
 * cannot be written, the graph goes into a temporary folder.
 * @param name file name, which must identify everything that the file's contents depend on
 * @param write writes the graph to the given path, whole or not at all
 */
export async function cachedGraph(name: string, write: (path: string) => Promise<void>): Promise<CachedGraph> {
  await checkOwner()
  for (const folder of [graphsFolder(), substitute]) {
    if (folder === undefined) continue
    const path = join(folder, name)
    const graph = await intactGraph(path)
    if (graph !== undefined) return graph
    // A graph without a digest has not changed: another process is still computing the digest, or was killed before.
    if (existsSync(path) && existsSync(digestFile(path)))
      warn(`${path} has changed since it was written; building it again`)
  }
  const writeInto = async (folder: string) => {
    const path = join(folder, name)
    await write(path)
    const graph = await readGraph(path)
    await writeFileAtomic(digestFile(path), graph.sha256)
    return graph
  }
  try {
    return await writeInto(graphsFolder())
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
    return writeInto(await substituteFolder())
  }
}

/** Permission bit: users other than the owner and the group can write. */
const OTHERS_WRITE = 0o002

/** @throws InputError if every user of the machine can write to the cache, and so replace the graphs that run here */
export async function checkOwner(): Promise<void> {
  if (process.platform === 'win32') return
  for (const path of [cacheFolder(), graphsFolder()]) {
    const mode = await stat(path).then(
      (status) => status.mode,
      () => 0,
    )
    if ((mode & OTHERS_WRITE) === 0) continue
    throw new InputError(
      `anyone can write to ${path} and change what networks compute; run chmod o-w ${path}, or set SHIFTSCOPE_CACHE to another folder`,
    )
  }
}

async function substituteFolder(): Promise<string> {
  if (substitute === undefined) {
    const folder = await makeTemporaryFolder()
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    substitute = folder
  }
  return substitute
}

/** The graph, if its SHA-256 is still the one in the file `<path>.sha256`; otherwise undefined. */
export async function intactGraph(path: string): Promise<CachedGraph | undefined> {
  const digest = await readFile(digestFile(path), 'utf8').catch(() => undefined)
  const graph = digest === undefined ? undefined : await readGraph(path).catch(() => undefined)
  return graph?.sha256 === digest ? graph : undefined
}

function readGraph(path: string): Promise<CachedGraph> {
  return withFile(path, async (file) => ({ path, sha256: await file.sha256(), bytes: file.size }))
}

function digestFile(path: string): string {
  return `${path}.sha256`
}
