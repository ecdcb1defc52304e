import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { openClaims } from './claims.js'

const FOLDER = '.shiftscope-claims'
const ROWS = 'rows'

/**
 * Claims a folder for one writer, so that two do not mix their rows in one file. A claim that a dead process left is taken over.
 * @returns what gives the folder free again
 * @throws OutputError if somebody else is writing there
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const claims = await openClaims(join(folder, FOLDER))
  if (await claims.take(ROWS)) return () => claims.close()
  const [held] = await claims.held()
  await claims.close()
  const who = held === undefined ? 'another process' : `process ${held.owner.pid} on ${held.owner.host}`
  throw new OutputError(`${who} is writing into ${folder}; wait for it, or choose another folder with \`out\``)
}
