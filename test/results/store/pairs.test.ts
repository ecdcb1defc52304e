import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { catalogEntry, catalogPairs } from '../../../src/networks/catalog/catalog.js'
import { checkPairs, pairsAmong, storedPairs } from '../../../src/results/store/pairs.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { messageOf } from '../../support/messageOf.js'
import { around, groupWith, measures } from '../../support/studyGroup.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const group = (model: string, changes: Partial<UnitInputs> = {}) =>
  groupWith(model, [[measures.bias, around(0.01)]], changes)
const named = (model: string, catalogId: string) => group(model, { catalogId })
const ANTI_ALIASING = 'anti-aliasing'

describe('the pairs of a study', () => {
  it('are those of the catalog, all of which name networks of the catalog', () => {
    for (const { plain, variant } of catalogPairs())
      expect([catalogEntry(plain).id, catalogEntry(variant).id]).toEqual([plain, variant])
    expect(
      pairsAmong(
        ['resnet50-aa', 'tiny-alexnet-noflip', 'own-aa', 'own'].map((id) => group(id)),
        [],
      ),
    ).toEqual([
      { kind: ANTI_ALIASING, plain: 'resnet50', variant: 'resnet50-aa' },
      { kind: 'no-flips', plain: 'tiny-alexnet', variant: 'tiny-alexnet-noflip' },
    ])
  })

  it('are also those of networks with other names, but not of other files with the names of the catalog', () => {
    const groups = [named('old', 'alexnet'), named('new', 'alexnet-aa')]
    expect(pairsAmong(groups, [])).toEqual([{ kind: ANTI_ALIASING, plain: 'old', variant: 'new' }])
    // The network with the catalog's own name comes before the others.
    expect(pairsAmong([...groups, group('alexnet')], [])[0]?.plain).toBe('alexnet')
    expect(pairsAmong([named('new', 'alexnet-aa')], [])[0]?.plain).toBe('alexnet')
    const input = 'of an ONNX file'
    expect(pairsAmong([group('alexnet'), group('alexnet-aa', { input })], [])).toEqual([])
    expect(pairsAmong([group('alexnet', { input }), group('alexnet-aa')], [])).toEqual([])
  })

  it('begin with the given ones, which have the kind that the catalog states', () => {
    const groups = [named('a', 'alexnet'), named('b', 'alexnet'), named('aa', 'alexnet-aa'), group('own')]
    const given = [
      { plain: 'a', variant: 'own' },
      { plain: 'b', variant: 'aa' },
    ]
    expect(pairsAmong(groups, given)).toEqual([
      { kind: 'given', plain: 'a', variant: 'own' },
      { kind: ANTI_ALIASING, plain: 'b', variant: 'aa' },
    ])
    // Only a pair of the same kind takes the place of the catalog's pair with this variant.
    const more = [...groups, group('resnet50-aa')]
    const other = { plain: 'own', variant: 'resnet50-aa' }
    expect(pairsAmong(more, [...given, other]).slice(2)).toEqual([
      { kind: 'given', ...other },
      { kind: ANTI_ALIASING, plain: 'resnet50', variant: 'resnet50-aa' },
    ])
  })

  it.each([
    [[['a', 'x']], '`pairs` names x, but the networks are a, b, c; use two of these'],
    [[['a', 'a']], '`pairs` compares a with itself; name two networks'],
    [
      [
        ['a', 'c'],
        ['b', 'c'],
      ],
      '`pairs` names c as the variant of two networks; leave one of these pairs out',
    ],
  ] as const)('are refused as %j', async (pairs, message) => {
    const check = async () =>
      checkPairs(
        pairs.map(([plain, variant]) => ({ plain, variant })),
        ['a', 'b', 'c'],
      )
    expect(await messageOf(check(), UsageError)).toBe(message)
  })

  it('are those that run.json lists, and a missing or damaged list gives no pairs', async () => {
    const pairs = [{ plain: 'a', variant: 'b' }]
    expect(await storedPairs(inFolder('.'))).toEqual([])
    for (const [text, expected] of [
      [JSON.stringify({ pairs, computed: 1 }), pairs],
      ['{}', []],
      ['{"pairs": [3]}', []],
    ] as const) {
      writeFileSync(inFolder('run.json'), text)
      expect(await storedPairs(inFolder('.'))).toEqual(expected)
    }
  })
})
