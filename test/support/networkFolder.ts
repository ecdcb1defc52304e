import { afterEach, beforeEach, vi } from 'vitest'
import { sharedFolder, temporaryFolder } from './temporaryFolder.js'

/** A fresh folder for each test, which also holds the cache of networks. */
export const networkFolder = () => withCache(temporaryFolder())

/** A fresh folder for all tests of a file, which also holds the cache of networks. */
export const sharedNetworkFolder = () => withCache(sharedFolder())

function withCache<T extends ReturnType<typeof temporaryFolder>>(folder: T): T {
  beforeEach(() => void vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache')))
  afterEach(() => void vi.unstubAllEnvs())
  return folder
}
