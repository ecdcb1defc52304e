import { beforeEach, vi } from 'vitest'

const PROXIES = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']

/** Hides the machine's proxies and hub from the tests of a file. `vi.unstubAllEnvs` brings them back. */
export function withoutProxies(): void {
  beforeEach(() => {
    for (const name of [...PROXIES, 'HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '')
  })
}
