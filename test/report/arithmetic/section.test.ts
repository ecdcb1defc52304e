import { expect, it } from 'vitest'
import { parseExpression } from '../../../src/experiments/arithmetic/expression.js'
import { expressionPage } from '../../../src/report/arithmetic/section.js'
import { studyOf } from '../../support/arithmeticStudy.js'

it('shows an expression in pixels, then decoded from each layer, in the order of its terms', () => {
  const [scene] = studyOf('net', []).scenes
  const operand = (name: string) => ({ name, source: name, scene: null, sha256: '', file: `${name}.png` })
  const html = expressionPage({
    ...(scene as NonNullable<typeof scene>).document,
    terms: [...parseExpression('-B + 2 * A - B')],
    operands: [operand('A'), operand('B')],
    expectation: { kind: 'pixels', scene: null, sha256: '', file: 'expected.png' },
  })
  const shown = [...html.matchAll(/<td>([^<]*)<\/td><td><a href=".\/([^"]*)">/g)].map(([, sign, file]) => [sign, file])
  expect(shown.slice(0, 4)).toEqual([
    ['−', 'B.png'],
    ['+ 2 ×', 'A.png'],
    ['−', 'B.png'],
    ['=', 'expected.png'],
  ])
  expect(shown.slice(4).map(([sign]) => sign)).toEqual(['−', '+ 2 ×', '−', '=', '', ''])
})
