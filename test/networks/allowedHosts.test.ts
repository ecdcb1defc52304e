import { describe, expect, it } from 'vitest'
import { NetworkError } from '../../src/errors.js'
import { hostName } from '../../src/networks/allowedHosts.js'
import { requestFile } from '../../src/networks/fileRequest.js'
import { type Answer, fileAnswer, startServer, status } from './fileServer.js'

describe('a request for what somebody else named', () => {
  async function answerOf(answer: Answer, names: readonly string[]): Promise<number | string> {
    const server = await startServer(answer, 'http')
    const hosts = { names, option: 'imageHosts' }
    const request = { headers: {}, ca: undefined, elsewhere: 'another', signal: AbortSignal.timeout(10_000), hosts }
    try {
      const response = await requestFile(new URL(`${server.address}/a`), request)
      await response.close()
      return response.status
    } catch (error) {
      expect(error).toBeInstanceOf(NetworkError)
      return `${(error as Error).message}: ${server.requests.length} requests`.replaceAll(String(server.port), 'PORT')
    }
  }
  const file = fileAnswer(Buffer.from('file'))

  it('goes to hosts of the list', async () => {
    expect(await answerOf(file, ['a.org', 'localhost'])).toBe(200)
  })

  it('goes to nobody that is not allowed', async () => {
    expect(await answerOf(file, ['a.org'])).toBe(
      'localhost is not asked unless it is named with `imageHosts localhost`: 0 requests',
    )
  })

  it('follows no redirect to anybody else', async () => {
    const answer = status(302, { location: 'https://[::1]/a' })
    expect(await answerOf(answer, ['localhost'])).toBe(
      'http://localhost:PORT/a redirects to [::1], which is not asked unless it is named with `imageHosts [::1]`: 1 requests',
    )
  })
})

describe('a host that is named', () => {
  it.each([
    ['Example.ORG', 'example.org'],
    ['::1', '[::1]'],
    ['[::1]', '[::1]'],
    ['2130706433', '127.0.0.1'],
  ])('%s is compared as %s', (text, host) => {
    expect(hostName(text, 'imageHosts')).toBe(host)
  })
})
