import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { OutputError } from '../errors.js'
import { HOST, isAlive } from './atomic.js'

const CLAIM_FILE = '.shiftscope-claim.json'

const ownerSchema = z.object({ host: z.string(), pid: z.number().int().positive() })

/**
 * Claims a folder for one writer, so that two do not mix their rows in one file.
 * A claim that a killed process of this machine left is taken over.
 * @returns what gives the folder free again
 * @throws OutputError if somebody else is writing there
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, CLAIM_FILE)
  const claim = () => writeFile(path, JSON.stringify({ host: HOST, pid: process.pid }), { flag: 'wx' })
  try {
    await claim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Nothing in it yet: its owner has only just made it.
    const owner = (await ownerOf(path)) ?? (await setTimeout(200).then(() => ownerOf(path)))
    if (owner !== undefined && (owner.host !== HOST || isAlive(owner.pid))) throw taken(folder, path, owner.pid)
    await rm(path, { force: true })
    await claim().catch((again: NodeJS.ErrnoException) => {
      throw again.code === 'EEXIST' ? taken(folder, path) : again
    })
  }
  return () => rm(path, { force: true })
}

function taken(folder: string, path: string, pid?: number): OutputError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new OutputError(
    `${who} is writing into ${folder}; wait for it, choose another folder with \`out\`, or remove ${path} if it has ended`,
  )
}

async function ownerOf(path: string): Promise<z.infer<typeof ownerSchema> | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}
