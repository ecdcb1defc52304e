import { expect, it } from 'vitest'
import { csvCell } from '../../src/results/csv.js'

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
