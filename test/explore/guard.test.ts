import { hostname } from 'node:os'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { fromOwnPage, isLoopback, isSecret } from '../../src/explore/guard.js'

it.each([
  [true, ['localhost', '::1', '127.0.0.1', '127.1.20.255']],
  [false, ['', '10.0.0.1', '::', '127.0.0.1.evil.example', '1.127.0.0.1', 'localhost.evil.example']],
])('says %s where a host is of this machine alone: %j', (expected, hosts) => {
  expect(hosts.map(isLoopback)).toEqual(hosts.map(() => expected))
})

const LOCAL = { host: '127.0.0.1', port: 8080 }
const OPEN = { host: '0.0.0.0', port: 80 }

it.each([
  ['its address', LOCAL, { host: '127.0.0.1:8080' }, 200],
  ['an address of this machine', LOCAL, { host: '[::1]:8080' }, 200],
  ['another port', LOCAL, { host: '127.0.0.1:8081' }, 403],
  ['the port of the web', LOCAL, { host: '127.0.0.1' }, 403],
  ['no host', LOCAL, {}, 403],
  ['another machine’s address', LOCAL, { host: '10.0.0.1:8080' }, 403],
  ['this machine’s name, which others may reach', LOCAL, { host: `${hostname()}:8080` }, 403],
  ['text after the host', LOCAL, { host: '127.0.0.1:8080/x' }, 403],
  ['text before the host', LOCAL, { host: 'x@127.0.0.1:8080' }, 403],
  ['any address, of an open server', OPEN, { host: '10.0.0.1' }, 200],
  ['an address of version 6, of an open server', OPEN, { host: '[fe80::1]' }, 200],
  ['this machine’s name, of an open server', OPEN, { host: hostname().toUpperCase() }, 200],
  ['another name, of an open server', OPEN, { host: 'evil.example' }, 403],
  ['the name that it is bound to', { host: 'Box', port: 80 }, { host: 'bOX' }, 200],
  ['its own page', LOCAL, { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080' }, 200],
  ['a page of the same name over TLS', LOCAL, { host: '127.0.0.1:8080', origin: 'https://127.0.0.1:8080' }, 403],
  ['another page', LOCAL, { host: '127.0.0.1:8080', origin: 'http://evil.example' }, 403],
  ['its own script', LOCAL, { host: '127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }, 200],
  ['another page of this machine', LOCAL, { host: '127.0.0.1:8080', 'sec-fetch-site': 'same-site' }, 403],
  ['another page’s picture', LOCAL, { host: '127.0.0.1:8080', 'sec-fetch-site': 'cross-site' }, 403],
])('answers %s', async (_, place, headers, status) => {
  const app = new Hono().use(fromOwnPage(() => place)).get('/', (context) => context.text('page'))
  expect((await app.request('/', { headers: headers as Record<string, string> })).status).toBe(status)
})

it('lets a link of another page in, but no form', async () => {
  const app = new Hono().use(fromOwnPage(() => LOCAL)).all('/', (context) => context.text('page'))
  const headers = { host: '127.0.0.1:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  const statuses = ['GET', 'POST'].map(async (method) => (await app.request('/', { method, headers })).status)
  expect(await Promise.all(statuses)).toEqual([200, 403])
})

it('tells a secret from others', () => {
  expect(['abc', 'abd', 'ab', ''].map((given) => isSecret(given, 'abc'))).toEqual([true, false, false, false])
})
