import { expect, it } from 'vitest'
import { arithmeticSections } from '../../src/report/arithmeticSection.js'
import { NO_PAPER, resultTables } from '../../src/report/tables/tables.js'
import { arithmeticRows } from '../../src/results/arithmeticRows.js'
import { countsOf, studyOf } from '../support/arithmeticStudy.js'

it('the page has the tables of arithmetic above its scenes, and names from outside as text', () => {
  const hostile = '<script>"\'&'
  const studies = [studyOf(hostile, [countsOf({ layer: hostile })])]
  const [section] = arithmeticSections(studies, resultTables(arithmeticRows(studies), NO_PAPER))
  const html = section?.html ?? ''
  expect(html).not.toContain('<script')
  expect(html).not.toMatch(/="[^"]*<[^"]*"/)
  expect(html).toContain('src="arithmetic/%3Cscript%3E%22')
  const places = ['Exact results of', 'Accuracy of feature', '<h3>&lt;script&gt;', '<details open>'].map((text) =>
    html.indexOf(text),
  )
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places).not.toContain(-1)
  expect(arithmeticSections([], [])).toEqual([])
})
