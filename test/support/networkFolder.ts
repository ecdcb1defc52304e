import { afterEach, beforeEach, vi } from 'vitest'
import { temporaryFolder } from './temporaryFolder.js'

/** A fresh folder for each test, with the cache of networks in it. */
export function networkFolder(): ReturnType<typeof temporaryFolder> {
  const folder = temporaryFolder()
  beforeEach(() => void vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache')))
  afterEach(() => void vi.unstubAllEnvs())
  return folder
}
