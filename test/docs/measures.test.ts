import { expect, it } from 'vitest'
import { PROTOCOL_NAMES, protocolNamed } from '../../src/experiments/answers/protocols.js'
import { metricsOf } from '../../src/results/answers/measures.js'
import { MEASURES } from '../../src/results/measures/measures.js'
import { textOf } from '../support/markdown.js'

const OF_PHOTOGRAPHS = PROTOCOL_NAMES.flatMap((name) =>
  metricsOf(protocolNamed(name), { labels: true, head: 'detector' }),
)

/** Names and directions in the table below a heading of docs/measures.md. A row may have several names. */
function stated(heading: string): string[] {
  const section =
    textOf('docs/measures.md')
      .split(/^## /m)
      .find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const rows = section.matchAll(/^\| (`[^|]*`) \|.*\| (higher|lower|neither)[^|]*\|$/gm)
  return [...rows]
    .flatMap(([, names = '', better = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name} ${better}`))
    .sort()
}

it.each([
  ['All measures', MEASURES],
  ['Measures of `consistency`', OF_PHOTOGRAPHS],
])(
  'the page has one row for each measure, with the direction that is better, and no other row: %s',
  (heading, measures) => {
    expect(stated(heading)).toEqual([...new Set(measures.map(({ name, better }) => `${name} ${better}`))].sort())
  },
)
