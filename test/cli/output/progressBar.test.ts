import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { terminalProgress } from '../../../src/cli/output/progressBar.js'

const isTTY = process.stderr.isTTY
let written = ''
beforeEach(() => {
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += text
    return true
  })
})
afterEach(() => {
  process.stderr.isTTY = isTTY
  vi.restoreAllMocks()
})

it.each([true, false])('progress shows no control characters of a name (on a terminal: %s)', (terminal) => {
  process.stderr.isTTY = terminal
  const listen = terminalProgress()
  listen({ kind: 'start', label: 'do\u001b]0;title\u0007g\u202e {bar}\n', total: 10, unit: 'images', before: 0 })
  listen({ kind: 'update', done: 5 })
  listen({ kind: 'note', line: 'a \u001b[2J note' })
  listen({ kind: 'stop' })
  expect(written).toContain('do?]0;title?g? ')
  expect(written).toContain('a ?[2J note')
  for (const raw of ['\u001b]', '\u0007', '\u202e', '\u001b[2J']) expect(written).not.toContain(raw)
})

it('counts the rate from the first batch on, and tells the time left of all work', () => {
  process.stderr.isTTY = false
  vi.useFakeTimers({ toFake: ['performance'] })
  const listen = terminalProgress()
  listen({ kind: 'start', label: 'net', total: 400, unit: 'images', before: 100 })
  vi.advanceTimersByTime(20_000)
  listen({ kind: 'update', done: 110 })
  vi.advanceTimersByTime(11_000)
  listen({ kind: 'update', done: 220, secondsLeft: 90 })
  vi.advanceTimersByTime(11_000)
  listen({ kind: 'update', done: 330 })
  vi.advanceTimersByTime(11_000)
  listen({ kind: 'update', done: 330, secondsLeft: null })
  listen({ kind: 'start', label: 'net, shared layers', total: 1, unit: 'passes', before: 0 })
  vi.useRealTimers()
  expect(written.split('\n')).toEqual([
    'net: 100/400 images',
    'net: 110/400 images',
    'net: 220/400 images, 10 images/s, 1 m 30 s left',
    'net: 330/400 images, 10 images/s, 7.0 s left',
    'net: 330/400 images, 6.7 images/s',
    'net, shared layers: 1 pass',
    '',
  ])
})

it('prints a line every ten seconds, with slow rates and bytes as they are read', () => {
  process.stderr.isTTY = false
  vi.useFakeTimers({ toFake: ['performance'] })
  const listen = terminalProgress()
  listen({ kind: 'start', label: 'file', total: 5_000_000, unit: 'bytes', before: 0 })
  for (const done of [1000, 2_001_000, 4_001_000]) {
    vi.advanceTimersByTime(6000)
    listen({ kind: 'update', done })
  }
  listen({ kind: 'start', label: 'net', total: 1, unit: 'images', before: 0 })
  listen({ kind: 'update', done: 1 })
  vi.advanceTimersByTime(11_000)
  listen({ kind: 'update', done: 56 })
  vi.useRealTimers()
  expect(written.split('\n')).toEqual([
    'file: 5.0 MB',
    'file: 2.0 MB/5.0 MB, 333.3 kB/s, 9.0 s left',
    'net: 1 image',
    expect.stringMatching(/^net: 56\/1 image, 5\.0 images\/s, /),
    '',
  ])
})

it.each([
  [200, 40],
  [80, 22],
  [30, 5],
])('a bar on a terminal of %i columns has %i', (columns, size) => {
  const before = Object.getOwnPropertyDescriptor(process.stderr, 'columns')
  Object.defineProperty(process.stderr, 'columns', { value: columns, configurable: true })
  process.stderr.isTTY = true
  const listen = terminalProgress()
  listen({ kind: 'start', label: 'net', total: 10, unit: 'images', before: 0 })
  listen({ kind: 'stop' })
  if (before) Object.defineProperty(process.stderr, 'columns', before)
  else Reflect.deleteProperty(process.stderr, 'columns')
  expect(/net (░+) 0%/.exec(written)?.[1]).toHaveLength(size)
})
