import { mkdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import {
  type AccuracyDocument,
  ARITHMETIC_FORMAT,
  type ArithmeticDocument,
  readAccuracy,
  readArithmetic,
  writeAccuracy,
  writeArithmeticDocument,
} from '../../src/results/arithmeticDocument.js'
import { readArithmeticStudies } from '../../src/results/arithmeticStudy.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

function store(...[text, ...way]: readonly [string, ...string[]]): void {
  mkdirSync(inFolder(...way.slice(0, -1)), { recursive: true })
  writeFileSync(inFolder(...way), text)
}

describe('stored arithmetic', () => {
  it('is none where there is no folder of it, or nothing in it', async () => {
    expect(await readArithmeticStudies(inFolder())).toEqual([])
    store('', 'arithmetic', 'net', 'notes.txt')
    expect(await readArithmeticStudies(inFolder())).toEqual([])
  })

  it('is refused in one line when it is damaged', async () => {
    store('{', 'arithmetic', 'net', 'move', 'arithmetic.json')
    await expect(readArithmeticStudies(inFolder())).rejects.toThrow(/move.arithmetic\.json is damaged/)
    await expect(readArithmetic(inFolder('none'))).rejects.toThrow(/no such file; run reproduce/)
    store('{"counts":[]}', 'accuracy.json')
    await expect(readAccuracy(inFolder('accuracy.json'))).rejects.toThrow(InputError)
  })

  it('counts are read as they were written', async () => {
    const path = inFolder('accuracy.json')
    const document: AccuracyDocument = {
      inputs: {
        format: ARITHMETIC_FORMAT,
        model: 'net',
        weightsSha256: '0',
        generators: [],
        patches: [{ name: 'dog', sha256: '1' }],
        size: 75,
        background: 'white',
        blend: 'hard',
        trialsPerKind: 50,
        seed: 0,
      },
      done: 7,
      counts: [
        {
          layer: 'fc6',
          kind: '2-1',
          judged: 'zero',
          reference: 'pixels',
          ...{ trials: 7, expected: 14, found: 12, subtracted: 3, left: 1, decoys: 50, phantoms: 2, exact: 4 },
        },
      ],
    }
    await writeAccuracy(path, document)
    expect(await readAccuracy(path)).toEqual(document)
    await expect(writeAccuracy(path, { ...document, done: -1 })).rejects.toThrow()
  })

  it('of an expression is read as it was written, and never when one of its files was changed', async () => {
    const folder = inFolder('arithmetic', 'net', 'move')
    store('features', 'arithmetic', 'net', 'move', 'result.npy')
    const document: ArithmeticDocument = {
      ...{
        format: ARITHMETIC_FORMAT,
        model: 'net',
        weightsSha256: '0',
        frame: 224,
        background: 'white',
        blend: 'hard',
      },
      ...{
        expression: 'A - B',
        terms: [{ name: 'A', coefficient: 1 }],
        origin: 'zero',
        operands: [],
        notes: [],
        layers: [],
      },
      expectation: { kind: 'objects', scene: 'dog@0,1', sha256: '1', file: 'expectation.png' },
      files: { 'result.npy': sha256('features') },
    }
    await writeArithmeticDocument(folder, document)
    expect(await readArithmetic(folder)).toEqual(document)
    store('featurez', 'arithmetic', 'net', 'move', 'result.npy')
    await expect(readArithmeticStudies(inFolder())).rejects.toThrow(/result\.npy is damaged/)
  })

  it('is never taken from other documents', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        store(text, 'folder', 'arithmetic.json')
        await expect(readArithmetic(inFolder('folder'))).rejects.toThrow(InputError)
      }),
    )
  })
})
