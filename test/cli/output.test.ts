import { WriteStream } from 'node:tty'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { byteSize, duration, print, printJson, printTable, say, wrapped } from '../../src/cli/output.js'

let stdout = ''
let stderr = ''
beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('output', () => {
  it('sends notes to stderr, results and one JSON document to stdout', () => {
    say('a note')
    print('a result')
    expect([stdout, stderr]).toEqual(['a result\n', 'a note\n'])
    stdout = ''
    const document = { rows: 2, names: ['ü', '"'], nothing: null }
    printJson(document)
    expect(stderr).toBe('a note\n')
    expect(JSON.parse(stdout)).toEqual(document)
    expect(stdout.endsWith('}\n')).toBe(true)
  })

  it('is one line without control characters, whatever the names in it', () => {
    say('fc6\u001b]0;title\u0007 \u009b2J dog\r\ncat \u202egnp\u2028')
    expect(stderr).toBe('fc6?]0;title? ?2J dog??cat ?gnp?\n')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        stdout = ''
        printTable(['layer'], [[name]])
        expect(stdout).toMatch(/^[^\p{Cc}]*\n[^\p{Cc}]*\n$/u)
      }),
    )
    stderr = ''
    say('Größe 75×75 – 0,9 ± 0.1 “犬” 🐕')
    expect(stderr).toBe('Größe 75×75 – 0,9 ± 0.1 “犬” 🐕\n')
  })

  it('shows the ends of what is too long to be read, in a table as wide as they are', () => {
    say(`dog: ${'x'.repeat(1_000_000)} is damaged`)
    expect(stderr).toMatch(/^dog: x{90,}…x{90,} is damaged\n$/)
    printTable(['unit'], [['x'.repeat(1_000_000)], ['dog']])
    expect(stdout).toMatch(/^unit\nx{90,}…x{90,}\ndog\n$/)
  })

  it('lays out a table: names to the left, numbers to the right', () => {
    printTable(
      ['model', 'images/s', 'share'],
      [
        ['alexnet', 150, '97 %'],
        ['resnet50', '7.5', '100 %'],
      ],
    )
    expect(stdout).toBe('model     images/s  share\nalexnet        150   97 %\nresnet50       7.5  100 %\n')
    expect(stderr).toBe('')
  })

  it('has marks in colour in a terminal that has colours, unless it is told not to', () => {
    const { hasColors, getColorDepth } = WriteStream.prototype
    const { argv } = process
    const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
    const printed = () => {
      stdout = ''
      print('✓ why? ✗ ?')
      return stdout
    }
    // Node asks these too, a CI service's among them.
    for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS']) vi.stubEnv(name, undefined)
    vi.stubEnv('TERM', 'xterm-256color')
    expect(printed()).toBe('✓ why? ✗ ?\n')
    Object.assign(process.stdout, { isTTY: true, hasColors, getColorDepth })
    try {
      expect(printed()).toBe('\u001b[32m✓\u001b[39m why? \u001b[31m✗\u001b[39m \u001b[33m?\u001b[39m\n')
      process.argv = [...argv, '--no-color']
      expect(printed()).toBe('✓ why? ✗ ?\n')
      process.argv = argv
      vi.stubEnv('NO_COLOR', '1')
      expect(printed()).toBe('✓ why? ✗ ?\n')
    } finally {
      process.argv = argv
      if (before) Object.defineProperty(process.stdout, 'isTTY', before)
      else Reflect.deleteProperty(process.stdout, 'isTTY')
      for (const name of ['hasColors', 'getColorDepth']) Reflect.deleteProperty(process.stdout, name)
      vi.unstubAllEnvs()
    }
  })

  it('breaks text between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrapped('unbreakable', 5)).toEqual(['unbreakable'])
  })

  it('begins every column at the same place in each row', () => {
    const cell = fc.stringMatching(/^[a-z]{1,12}$/)
    const tables = fc
      .integer({ min: 1, max: 5 })
      .chain((cols) => fc.array(fc.array(cell, { minLength: cols, maxLength: cols }), { minLength: 1, maxLength: 6 }))
    fc.assert(
      fc.property(tables, (rows) => {
        stdout = ''
        const [head, ...body] = rows as [string[], ...string[][]]
        printTable(head, body)
        const widths = head.map((_, col) => Math.max(...rows.map((row) => row[col]?.length ?? 0)))
        const lines = stdout.split('\n').slice(0, -1)
        if (body.length > 0) {
          expect(lines).toEqual(
            rows.map((row) =>
              row
                .map((text, col) => text.padEnd(widths[col] ?? 0))
                .join('  ')
                .trimEnd(),
            ),
          )
        }
        expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual(rows)
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    [0, '0.0 s'],
    [3.44, '3.4 s'],
    [59.94, '59.9 s'],
    [59.97, '1 m 00 s'],
    [65, '1 m 05 s'],
    [119.6, '2 m 00 s'],
    [3599.4, '59 m 59 s'],
    [3599.6, '1 h 00 m'],
    [3660, '1 h 01 m'],
    [7199.6, '2 h 00 m'],
    [90_000, '25 h 00 m'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })

  it('never show sixty of a unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(duration(seconds)).toMatch(/^([1-5]?\d\.\d s|[1-5]?\d m [0-5]\d s|\d+ h [0-5]\d m)$/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_960, '1.0 MB'],
    [14_209_832, '14.2 MB'],
    [1e9, '1.0 GB'],
    [1e15, '1000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(byteSize(bytes)).toBe(text)
  })

  it('show one to three digits before the point, up to terabytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_900_000_000_000 }), (bytes) => {
        expect(byteSize(bytes)).toMatch(/^(\d{1,3} B|[1-9]\d{0,2}\.\d [kMGT]B)$/)
      }),
      { numRuns: 1000 },
    )
  })
})
