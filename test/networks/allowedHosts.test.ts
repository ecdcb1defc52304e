import { describe, expect, it } from 'vitest'
import { NetworkError } from '../../src/errors.js'
import { hostName, isPublic } from '../../src/networks/allowedHosts.js'
import { requestFile } from '../../src/networks/fileRequest.js'
import { type Answer, fileAnswer, startServer, status } from './fileServer.js'

describe('an address', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
  ])('%s is of this machine or a local network', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  it.each([
    '1.1.1.1',
    '52.216.8.11',
    '100.128.0.1',
    '172.32.0.1',
    '192.167.1.1',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::101:101',
  ])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true)
  })
})

describe('a request for what somebody else named', () => {
  async function answerOf(
    answer: Answer,
    known: readonly string[],
    named: readonly string[],
  ): Promise<number | string> {
    const server = await startServer(answer, 'http')
    const hosts = { known, named, option: 'imageHosts' }
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

  it('does not go to a known name that leads into this machine', async () => {
    expect(await answerOf(file, ['localhost'], [])).toMatch(
      /^localhost has the address (127.0.0.1|::1), of this machine or a local network, and is not asked unless it is named with `imageHosts localhost`: 0 requests$/,
    )
    expect(await answerOf(file, ['localhost'], ['localhost'])).toBe(200)
  })

  it('goes to nobody that is not allowed', async () => {
    expect(await answerOf(file, ['a.org'], [])).toBe(
      'localhost is not asked unless it is named with `imageHosts localhost`: 0 requests',
    )
  })

  it('follows no redirect to anybody else', async () => {
    const answer = status(302, { location: 'https://[::1]/a' })
    expect(await answerOf(answer, [], ['localhost'])).toBe(
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
