import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeEach, describe, expect, it } from 'vitest'
import { InputError } from '../../../src/errors.js'
import { sha256 } from '../../../src/files/sha256.js'
import { writeReport } from '../../../src/report/report.js'
import { type AccuracyDocument, writeAccuracy } from '../../../src/results/arithmetic/document.js'
import { accuracyPath } from '../../../src/results/arithmetic/study.js'
import { checkResultsFolder } from '../../../src/results/store/resultsFolder.js'
import { countsOf, studyOf } from '../../support/arithmeticStudy.js'
import { messageOf } from '../../support/messageOf.js'
import { storeAnswers } from '../../support/storedAnswers.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { storeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()
const results = () => inFolder('results')
const textOf = (file: string) => readFileSync(inFolder('results', file), 'utf8')

/** Two networks, of which one never changes its answer to a photograph. The photographs are pictures in a folder beside the results. */
async function storeStudy(): Promise<void> {
  mkdirSync(inFolder('photographs'), { recursive: true })
  const contents: Buffer[] = []
  for (const [i, background] of ['red', 'green', 'blue'].entries()) {
    const png = await sharp({ create: { width: 60, height: 40, channels: 3, background } })
      .png()
      .toBuffer()
    writeFileSync(inFolder('photographs', `${i}.png`), png)
    contents.push(png)
  }
  for (const [model, step] of [
    ['best', 0],
    ['other', 1],
  ] as const) {
    const answersTo = (i: number) => [i, i + step]
    const photographs = contents.map((content, i) => ({ name: `${i}.png`, content, answers: answersTo(i) }))
    const copy = { name: '9.png', content: contents[0] as Buffer, answers: answersTo(0) }
    await storeAnswers(results(), [...photographs, copy], { model })
  }
  const photographs = { source: inFolder('photographs'), list: 'lists/00000000.txt', count: 4 }
  writeFileSync(inFolder('results', 'run.json'), JSON.stringify({ photographs }))
}

/** Hashes of all files of the results folder but run.json. */
function filesOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    .filter((path) => !path.endsWith('run.json'))
  return Object.fromEntries(paths.sort().map((path) => [path, sha256(readFileSync(path))]))
}

const storeArithmetic = async () => {
  mkdirSync(inFolder('results', 'arithmetic', 'net'), { recursive: true })
  const { accuracy } = studyOf('net', [countsOf()])
  const { inputs, ...rest } = accuracy as AccuracyDocument
  await writeAccuracy(accuracyPath(results(), 'net'), { ...rest, inputs: { ...inputs, model: 'net' } })
}

const titlesOf = (html: string) => [...html.matchAll(/<h[12][^>]*>(.*?)</g)].map(([, title]) => title)

describe('the report of answers to photographs', () => {
  beforeEach(storeStudy)

  it('has rows, tables, a figure, a table of photographs and a page, and no files of objects', async () => {
    const notes: string[] = []
    const onProgress = (event: { readonly kind: string; readonly line?: string }) => {
      if (event.kind === 'note') notes.push(event.line ?? '')
    }
    const { rows, findings } = await writeReport(results(), { onProgress: onProgress as never })
    expect(findings).toEqual([])
    expect(rows.filter(({ model, metric }) => model === 'other' && metric === 'change')).toEqual([
      {
        model: 'other',
        layer: 'fc',
        size: 37,
        frame: 32,
        metric: 'change',
        variant: 'diagonal',
        mean: 1,
        std: 0,
        count: 3,
      },
      {
        ...{ model: 'other', layer: 'fc', size: 37, frame: 32, metric: 'change' },
        ...{ variant: 'diagonal confident', mean: 1, std: 0, count: 3 },
      },
    ])
    expect(readdirSync(results()).sort()).toEqual(
      ['answers', 'figures', 'index.html', 'pictures', 'run.json', 'summary.json', 'tables'].sort(),
    )
    expect(readdirSync(inFolder('results', 'tables'))).toEqual(
      ['csv', 'md', 'tex'].map((format) => `consistency-256.${format}`),
    )
    expect(textOf('tables/consistency-256.md')).toContain('| other | fc | 0.000 ± 0.000 | 1.000 ± 0.000 |')
    expect(readdirSync(inFolder('results', 'figures'))).toEqual(['consistency.png', 'consistency.svg'])
    expect(textOf('figures/consistency.svg')).toContain('diagonal: agreement relative to chance (%), higher is better')
    const [head, first] = textOf('answers/other/photographs.csv').split('\n')
    expect(head).toBe(
      'photograph,sha256,diagonal relative-agreement,diagonal change,diagonal probability-change,diagonal chance,diagonal always-same,diagonal confidence',
    )
    expect(first?.split(',').slice(-5)).toEqual(['1', '0.375', '0', '0', '0.75'])
    const html = textOf('index.html')
    expect(titlesOf(html).slice(0, 4)).toEqual([
      'Shift consistency of 2 networks',
      'Too few photographs to rank 2 networks',
      'Consistency of each network',
      'Photographs on which two networks differ most',
    ])
    expect(html.match(/data:image\/jpeg/g)?.length).toBe(3)
    expect(notes).toEqual([
      'skipping 1 photograph with the same content as an earlier one, so that each counts once: "9.png"',
    ])
  })

  it('has the same bytes if it is written again, even without the photographs', async () => {
    await writeReport(results())
    const before = filesOf(results())
    rmSync(inFolder('photographs'), { recursive: true })
    await writeReport(results())
    expect(filesOf(results())).toEqual(before)
    // Without pictures and photographs, figures have no pictures.
    rmSync(inFolder('results', 'pictures'), { recursive: true })
    await writeReport(results())
    expect(textOf('index.html')).not.toContain('data:image')
    expect(textOf('index.html')).toContain('<figcaption>0.png')
  })

  it('shows no photograph of another content, and none outside of the folder', async () => {
    writeFileSync(inFolder('photographs', '0.png'), readFileSync(inFolder('photographs', '1.png')))
    mkdirSync(inFolder('photographs', 'inner'))
    const photographs = { source: inFolder('photographs', 'inner') }
    for (const [name, content] of [['../1.png', '1.png'] as const, ['2.png', '2.png'] as const])
      for (const [model, answers] of [['best', [0]] as const, ['other', [0, 1]] as const]) {
        const bytes = readFileSync(inFolder('photographs', content))
        await storeAnswers(inFolder('hostile'), [{ name, content: bytes, answers }], { model })
      }
    writeFileSync(inFolder('hostile', 'run.json'), JSON.stringify({ photographs }))
    await writeReport(results())
    expect(textOf('index.html').match(/data:image\/jpeg/g)?.length).toBe(2)
    await writeReport(inFolder('hostile'))
    expect(readFileSync(inFolder('hostile', 'index.html'), 'utf8')).not.toContain('data:image')
  })

  it('comes before what is next in a report of objects, whose files stay as they are', async () => {
    await storeUnit(inFolder('objects'))
    await storeUnit(results())
    await writeReport(inFolder('objects'))
    await writeReport(results(), { oneFile: inFolder('one.html') })
    for (const file of ['metrics.csv', 'findings.md', 'findings.json', 'tables/table-1-similarity-125.csv'])
      expect(textOf(file)).toBe(readFileSync(inFolder('objects', file), 'utf8'))
    const titles = titlesOf(textOf('index.html'))
    const own = titlesOf(readFileSync(inFolder('objects', 'index.html'), 'utf8'))
    expect(titles.filter((title) => !own.includes(title))).toEqual([
      'Too few photographs to rank 2 networks',
      'Consistency of each network',
      'Photographs on which two networks differ most',
    ])
    expect(readFileSync(inFolder('one.html'), 'utf8').match(/data:image\/jpeg/g)?.length).toBe(3)
  })

  it('comes before feature arithmetic', async () => {
    await storeArithmetic()
    await writeReport(results())
    expect(titlesOf(textOf('index.html')).slice(3, 5)).toEqual([
      'Photographs on which two networks differ most',
      'Feature arithmetic',
    ])
    expect(readdirSync(inFolder('results', 'tables')).length).toBe(9)
  })
})

it('a report of feature arithmetic alone has no more files than it needs', async () => {
  await storeArithmetic()
  mkdirSync(inFolder('results', 'figures'))
  await writeReport(results())
  expect(readdirSync(results()).sort()).toEqual(['arithmetic', 'index.html', 'summary.json', 'tables'])
  expect(titlesOf(textOf('index.html'))[0]).toBe('Feature arithmetic in net')
})

it('a folder of an earlier version gets no report, and no study', async () => {
  writeFileSync(inFolder('consistency.json'), '{}')
  const refusal = `${inFolder()} has results of an earlier version; run consistency with another folder`
  expect(await messageOf(writeReport(inFolder()), InputError)).toBe(refusal)
  expect(await messageOf(checkResultsFolder(inFolder()), InputError)).toBe(refusal)
  expect(existsSync(inFolder('index.html'))).toBe(false)
})
