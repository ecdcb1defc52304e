import { describe, expect, it } from 'vitest'
import { hostName } from '../../src/networks/allowedHosts.js'

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
