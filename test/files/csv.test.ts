import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { csvCell, csvRows, csvText } from '../../src/files/csv.js'
import { exactCell, textOfCell } from '../../src/files/exactCell.js'

it.each([
  // What a spreadsheet takes for a formula gets an apostrophe.
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+cmd', "'+cmd"],
  ['-2+3+cmd|’x’!A0', "'-2+3+cmd|’x’!A0"],
  ["'=1", "''=1"],
  ['=A1,B1', '"\'=A1,B1"'],
  // Numbers and other names stay as they are.
  ...[-1.5, -1e-7, '-3', '+0.25', '-1e-7', '-.5', 'a=b', "it's", "'tis", '–', 'a b', 1.5].map((cell) => [
    cell,
    `${cell}`,
  ]),
  // A cell is quoted only where it must be.
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  // Nothing steers a terminal or ends a line.
  ['a\x1b]0;b\x07', 'a?]0;b?'],
  ['a\r\nb\tc\u202e', 'a??b?c?'],
  ['\t=1', '?=1'],
])('%j is the cell %j', (value, cell) => expect(csvCell(value as string | number)).toBe(cell))

const rows = (text: string) => [...csvRows(text, 'a.csv')]

describe('rows of CSV', () => {
  it('are read with their lines, and empty lines are left out', () => {
    expect(rows('a,b\r\n\r\n\nc,d')).toEqual([
      [1, ['a', 'b']],
      [4, ['c', 'd']],
    ])
    expect(rows('')).toEqual([])
    expect(rows('\n')).toEqual([])
  })

  it('keep empty cells at each place', () => {
    expect(rows(',a,,b,\n,\n')).toEqual([
      [1, ['', 'a', '', 'b', '']],
      [2, ['', '']],
    ])
  })

  it('keep commas, quotes and lines of quoted cells', () => {
    expect(rows('"a, b","say ""c""","d\r\n\ne",""\nf,"""g"""')).toEqual([
      [1, ['a, b', 'say "c"', 'd\r\n\ne', '']],
      [4, ['f', '"g"']],
    ])
  })

  it('keep quotes in cells that are not quoted', () => {
    expect(rows('a"b"c,"d"e,f')).toEqual([[1, ['a"b"c', '"d"e', 'f']]])
  })

  it('give back every text that `exactCell` has made', () => {
    const texts = [
      ...['a', '', 'b,c', '"', '"q".png', '\\', '=1', "'=1", "''=1", "'a", "'", '-5', "'-5", '+a.png', '@', '?'],
      ...['a\nb', 'a\r\n"b"', '\t=1', '\x1b[31m', 'a\u202eb', '\u2028', '\ud800', '\u{1f600}', 'ü', "'\n"],
    ]
    const text = csvText([texts.map(exactCell)])
    expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}](?!$)/u)
    expect([...csvRows(text, 'a.csv')].map(([, cells]) => cells.map(textOfCell))).toEqual([texts])
    expect(textOfCell('"a')).toBeUndefined()
  })

  it('give the texts that were written', () => {
    const texts = ['a', '', 'b,c', '"', '""', ',"', 'd"e', 'tabby, tabby cat']
    expect(rows(`${texts.map(csvCell).join(',')}\n`)).toEqual([[1, texts]])
  })

  it('are refused if a quote has no end', () => {
    expect(() => rows('a,b\nc,"d\ne')).toThrow(
      new InputError('a.csv line 2 has a quote without end; add the second quote'),
    )
  })

  it('are refused if one is too long, before its cells are made', () => {
    expect(rows('x'.repeat(9999))).toHaveLength(1)
    const message = /^a\.csv line 2 has more than 40000 characters/
    expect(() => rows(`a\n${','.repeat(1e7)}`)).toThrow(message)
    expect(() => rows(`a\n"${'\n'.repeat(1e7)}`)).toThrow(message)
  })
})
