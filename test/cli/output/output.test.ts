import { WriteStream } from 'node:tty'
import { describe, expect, it, vi } from 'vitest'
import {
  byteSize,
  duration,
  print,
  printJson,
  printTable,
  say,
  sayError,
  tableLines,
  wrapped,
} from '../../../src/cli/output/output.js'
import { terminalProgress } from '../../../src/cli/output/progressBar.js'
import { captured } from '../../support/inProcess.js'

describe('output', () => {
  it('sends notes to stderr, results and one JSON document to stdout', async () => {
    const written = await captured([], () => {
      say('a note')
      print('a result')
      printJson({ rows: 2, names: ['ü', '"'], nothing: null })
    })
    expect(written.stderr).toBe('a note\n')
    const document = '{\n  "rows": 2,\n  "names": [\n    "ü",\n    "\\""\n  ],\n  "nothing": null\n}\n'
    expect(written.stdout).toBe(`a result\n${document}`)
  })

  it('is one line without control characters, whatever the names in it', async () => {
    const name = 'fc6\u001b]0;title\u0007 \u009b2J dog\r\ncat \u202egnp\u2028 größe “犬” 🐕'
    const told = 'fc6?]0;title? ?2J dog??cat ?gnp? größe “犬” 🐕\n'
    const { stdout, stderr } = await captured([], () => {
      say(name)
      print(name)
      printTable(['layer'], [[name]])
    })
    expect([stderr, stdout]).toEqual([told, `${told}layer\n${told}`])
  })

  it('shows the ends of what is too long to be read, in a table as wide as they are', async () => {
    const { stdout, stderr } = await captured([], () => {
      say(`dog: ${'x'.repeat(10_000)} is damaged`)
      printTable(['unit'], [['x'.repeat(10_000)], ['dog']])
    })
    expect(stderr).toMatch(/^dog: x{90,}…x{90,} is damaged\n$/)
    expect(stdout).toMatch(/^unit\nx{90,}…x{90,}\ndog\n$/)
  })

  it.each([
    [['150', '7.5'], '     a\n150  x\n7.5  x\n'],
    [['-1', '+2,000'], '        a\n    -1  x\n+2,000  x\n'],
    [['97 %', '1.02×'], '       a\n 97 %  x\n1.02×  x\n'],
    [['', '–', '−3'], '    a\n    x\n –  x\n−3  x\n'],
    [['1 m', '10'], '     a\n1 m  x\n10   x\n'],
    [['x5', '10'], '    a\nx5  x\n10  x\n'],
    [[], '  a\n'],
  ])('puts a column to the right where all of it are numbers: %j', async (column, table) => {
    const rows = column.map((cell) => [cell, 'x'])
    expect((await captured([], () => printTable(['', 'a'], rows))).stdout).toBe(table)
  })

  it('folds the widest columns of a table at the width of the terminal, between words and after slashes', async () => {
    const rows = [
      ['a/long/path/of/a/tensor', 'one two three four', '12.5', 'by default'],
      ['fc8', 'one', '7.0', ''],
    ]
    const [head = '', ...lines] = tableLines(['tensor', 'words', 'the number of it', 'read'], rows, 46)
    expect([head, ...lines].join('\n')).toBe(`\
tensor      words       the number  read
                             of it
a/long/     one two           12.5  by default
path/of/a/  three four
tensor
fc8         one                7.0`)
    for (const line of [head, ...lines]) expect(line.length).toBeLessThanOrEqual(46)
    expect(tableLines(['tensor'], [['x'.repeat(50)]], 46)).toEqual(['tensor', 'x'.repeat(50)])
    const before = Object.getOwnPropertyDescriptor(process.stdout, 'columns')
    Object.defineProperty(process.stdout, 'columns', { value: 20, configurable: true })
    try {
      const { stdout } = await captured([], () => printTable(['a'], [['one two three four five']]))
      expect(stdout).toBe('a\none two three four\nfive\n')
    } finally {
      if (before) Object.defineProperty(process.stdout, 'columns', before)
      else Reflect.deleteProperty(process.stdout, 'columns')
    }
  })

  it('has neither notes nor progress when it is to be quiet, but errors', async () => {
    const { stdout, stderr } = await captured(['--quiet'], () => {
      say('a note')
      terminalProgress()({ kind: 'note', line: 'another' })
      sayError('an error')
      print('a result')
    })
    expect([stdout, stderr]).toEqual(['a result\n', 'an error\n'])
  })

  it('has marks in colour in a terminal that has colours, unless it is told not to', async () => {
    const { hasColors, getColorDepth } = WriteStream.prototype
    const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
    const printed = async (...words: string[]) => (await captured(words, () => print('✓ why? ✗ ? –✗'))).stdout
    const plain = '✓ why? ✗ ? –✗\n'
    // Node asks these too, a CI service's among them.
    for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS']) vi.stubEnv(name, undefined)
    vi.stubEnv('TERM', 'xterm-256color')
    expect(await printed()).toBe(plain)
    Object.assign(process.stdout, { isTTY: true, hasColors, getColorDepth })
    try {
      expect(await printed()).toBe('\u001b[32m✓\u001b[39m why? \u001b[31m✗\u001b[39m \u001b[33m?\u001b[39m –✗\n')
      expect(await printed('--no-color')).toBe(plain)
      vi.stubEnv('NO_COLOR', '1')
      expect(await printed()).toBe(plain)
    } finally {
      if (before) Object.defineProperty(process.stdout, 'isTTY', before)
      else Reflect.deleteProperty(process.stdout, 'isTTY')
      for (const name of ['hasColors', 'getColorDepth']) Reflect.deleteProperty(process.stdout, name)
      vi.unstubAllEnvs()
    }
  })

  it('breaks text between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrapped('one two three', 6)).toEqual(['one', 'two', 'three'])
    expect(wrapped('a unbreakable b', 5)).toEqual(['a', 'unbreakable', 'b'])
  })
})

it('seconds and bytes are told in their usual units', () => {
  const seconds = [0, 3.44, 59.94, 59.97, 65, 119.6, 3599.4, 3599.6, 3660, 7199.6, 90_000].map(duration)
  const inMinutes = ['1 m 00 s', '1 m 05 s', '2 m 00 s', '59 m 59 s']
  expect(seconds).toEqual(['0.0 s', '3.4 s', '59.9 s', ...inMinutes, '1 h 00 m', '1 h 01 m', '2 h 00 m', '25 h 00 m'])
  const bytes = [0, 999, 1000, 999_949, 999_960, 14_209_832, 1e9, 1e15].map(byteSize)
  expect(bytes).toEqual(['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '14.2 MB', '1.0 GB', '1000.0 TB'])
})
