import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { writeReport } from '../../src/report/report.js'
import { writeUnit } from '../../src/results/store/units.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

/** As hostile as a name of a file can be, and then what a tensor's or a manifest's can hold beside it. */
const HOSTILE = [
  '=HYPERLINK("x")<script>alert(1)<img src=x onerror=alert(1)>\'"`|_a_*b*~~c~~[d](e:f)&amp;%&$#{}^~\\input{x}\\|',
  '\n# heading\r\n| a | b |\n\\end{tabular}\u001b]0;title\u0007\u2028\u2029\u202egnp]]><!-- </script></style>/.. ##',
].join('')

/** A report on two patches by one network, whose names all end alike. */
async function reportOn(results: string, name: string): Promise<void> {
  for (const [patch, level] of [
    [`car${name}`, 0.8],
    [`dog${name}`, 0.9],
  ] as const) {
    const layers = [`fc6${name}`, `fc8${name}`]
    const { unit, maps } = madeUnit({ patch, model: `net${name}`, layers }, level)
    await writeUnit(results, unit, arraysOf(unit, maps))
  }
  await writeReport(results, { oneFile: join(results, 'one.html') })
}

/** Files of a report with that ending, in the order of their folders. */
function textsOf(results: string, ending: string): readonly string[] {
  return readdirSync(results, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => readFileSync(path, 'utf8'))
}

/** What is left of two reports if names are markup in one of them and plain in the other: nothing that differs. */
function bothReports(ending: string, skeletonOf: (text: string) => unknown) {
  const [plain, hostile] = ['plain', 'hostile'].map((name) => textsOf(inFolder(name), ending).map(skeletonOf))
  expect(plain?.length).toBeGreaterThan(0)
  expect(hostile).toEqual(plain)
}

describe('a report on what has hostile names', () => {
  it('has the lines, tags and cells of a report on what has plain ones', async () => {
    await reportOn(inFolder('plain'), '')
    await reportOn(inFolder('hostile'), HOSTILE)
    const tags = (text: string) => [...text.matchAll(/<[!/?a-zA-Z][^\s>]*/g)].map(([tag]) => tag)
    bothReports('.html', tags)
    // Long names make a chart wider, so that its caption has fewer lines.
    bothReports('.svg', (text) => tags(text).filter((tag) => !/^<\/?text$/.test(tag)))
    bothReports('.tex', (text) => {
      const isComment = (line: string) => line.startsWith('%')
      // Written where a name holds what has no command of its own.
      const isMacro = (line: string) => line.startsWith('\\providecommand{\\unicodecharacter}')
      // Long names may make a table wide.
      const narrow = text.replace(/^% Wider.*\n/m, '').replaceAll('{table*}', '{table}')
      const lines = narrow.split('\n').flatMap((line) => (isMacro(line) ? [] : isComment(line) ? '%' : line))
      const named = lines
        .join('\n')
        .replace(/\\(unicodecharacter\{[0-9A-F]+\}|text[a-z]+\{\}|[&%$#_{}])|(?<=-)\{\}/g, '')
      return named.match(/\n|[&%{}$#_^~]|\\[a-z]*/g)
    })
    bothReports('.md', (text) => [
      ...text
        .split('\n')
        .map((line) => [/^[#\s]*/.exec(line)?.[0], /(?<!\\)#+$/.test(line), line.split(/(?<!\\)\|/).length]),
      text.match(/(?<!\\)([<`[*]|~~)|(?<![\p{L}\p{N}\\])_|(?<!\\)_(?![\p{L}\p{N}])/gu),
    ])
    bothReports('.csv', (text) => text.match(/("([^"]|"")*"|[^,"\n]*)[,\n]/g)?.length)
    for (const script of textsOf(inFolder('hostile', 'site'), '.js'))
      runInNewContext(script, { shiftscopeReceive: () => 0 })
  })
})
