import { describe, expect, it } from 'vitest'
import { catalogEntry } from '../../src/networks/index.js'
import { provenanceSection } from '../../src/report/provenance.js'
import { around, groupWith, measures } from '../support/studyGroup.js'

const VALUES = [[measures.bias, around(0.01, 2)]] as const
const SHA = 'ab'.repeat(32)

/** Texts of the cells of each row of a table. */
function rowsOf(html: string, table: string): string[][] {
  const own = html.slice(html.indexOf(`aria-label="${table}"`)).split('</table>')[0] as string
  return [...own.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => cell.replace(/<[^>]*>/g, '')),
  )
}

describe('section on how the results were made', () => {
  it('has each network’s weights and whether they are those of the catalog', () => {
    const embedded = catalogEntry('tiny-alexnet').sha256 as string
    const { html } = provenanceSection([
      groupWith('tiny-alexnet', VALUES, { weightsSha256: embedded }),
      groupWith('tiny-alexnet', VALUES, { weightsSha256: embedded, size: 75 }),
      groupWith('alexnet', VALUES, { weightsSha256: SHA, precision: 'fp16' }),
      groupWith('mine', VALUES, { weightsSha256: SHA, pool: 'mean' }),
    ])
    expect(rowsOf(html, 'Networks').slice(1)).toEqual([
      ['tiny-alexnet', 'fc', 'fp32', 'none', 'the network’s own', 'embedded', embedded],
      ['alexnet', 'fc', 'fp16', 'none', 'the network’s own', 'not those of the catalog', SHA],
      ['mine', 'fc', 'fp32', 'mean', 'the network’s own', 'not in the catalog', SHA],
    ])
  })

  it('has each way of measuring once, and the patches with their hashes', () => {
    const separability = { loss: 'hinge', C: 1, seed: 7, cv: ['ordered', 'blocks'] } as const
    const { html } = provenanceSection([
      groupWith('a', VALUES, { separability: { ...separability, cv: [...separability.cv] } }),
      groupWith('b', VALUES, { separability: { ...separability, cv: [...separability.cv] } }),
      groupWith('b', VALUES, { size: 75, stride: 4, background: 'noise:1', blend: 'soft' }),
    ])
    expect(rowsOf(html, 'Protocol').slice(1)).toEqual([
      ['125×125 px', '2×2', '1 px', 'white', 'hard', '2', 'ordered, blocks', 'hinge, C 1, seed 7', 'a, b'],
      ['75×75 px', '2×2', '4 px', 'noise:1', 'soft', '2', 'none', 'none', 'b'],
    ])
    expect(rowsOf(html, 'Objects').slice(1)).toEqual(
      [125, 75].flatMap((size) => [0, 1].map((i) => [`patch ${i}`, `${size}×${size}`, '4567'])),
    )
  })

  it('says where the rest is, and shows names as text', () => {
    const { html } = provenanceSection([groupWith('<b>x', VALUES, { patch: '<i>' })])
    expect(html).toContain('<a href="run.json">run.json</a>')
    expect(html).not.toMatch(/<[bi]>/)
    expect(html).not.toContain(process.version)
  })
})
