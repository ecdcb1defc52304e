import { describe, expect, it } from 'vitest'
import { type ComparedUnit, pairedUnits } from '../../src/compare/pairing.js'

function unit(name: string, sha256: string, size?: number): ComparedUnit {
  return { name, sha256, ...(size !== undefined && { size }), settings: {}, facts: {}, values: async () => [] }
}

/** The names of each pair. */
function pairsOf(before: readonly ComparedUnit[], after: readonly ComparedUnit[]) {
  return pairedUnits(before, after).map((pair) => pair.map(({ name }) => name).join(' + '))
}

describe('units of two folders', () => {
  it('are paired by content, and those of one content by name', () => {
    const before = [unit('a', '1'), unit('b', '1'), unit('c', '2')]
    const after = [unit('d', '2'), unit('b', '1'), unit('a', '1')]
    expect(pairsOf(before, after)).toEqual(['a + a', 'b + b', 'c + d'])
  })

  it('of one content and other names are paired in their order', () => {
    const before = [unit('a', '1'), unit('b', '1'), unit('c', '1')]
    const after = [unit('first', '1'), unit('c', '1'), unit('second', '1')]
    expect(pairsOf(before, after).toSorted()).toEqual(['a + first', 'b + second', 'c + c'])
  })

  it('are not paired if content or size differs', () => {
    expect(pairsOf([unit('a', '1', 75)], [unit('a', '1', 125)])).toEqual([])
    expect(pairsOf([unit('a', '1')], [unit('a', '2')])).toEqual([])
  })
})
