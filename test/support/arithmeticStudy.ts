import type { ArithmeticCounts } from '../../src/experiments/arithmetic/accuracy.js'
import {
  type AccuracyDocument,
  ARITHMETIC_FORMAT,
  type ArithmeticDocument,
} from '../../src/results/arithmetic/document.js'
import type { ArithmeticStudy } from '../../src/results/arithmetic/study.js'

export function countsOf(changes: Partial<ArithmeticCounts> = {}): ArithmeticCounts {
  return {
    ...{ layer: 'fc6', kind: '3-2', judged: 'zero', reference: 'decoded' },
    ...{ trials: 10, expected: 10, found: 9, subtracted: 20, left: 5, decoys: 10, phantoms: 1, exact: 4 },
    ...changes,
  }
}

/** A study in which every text that comes from outside is the given one. */
export function studyOf(text: string, counts: readonly ArithmeticCounts[]): ArithmeticStudy {
  const errors = { psnr: 20, psnrToDecoded: null, cosine: null }
  const drawn = { weightsSha256: '', background: 'white', blend: 'hard' } as const
  const files = {
    ...{ result: '', operands: '', decodedOperands: [text], decodedResult: text },
    ...{ decodedFromOther: '', decodedExpectation: '' },
  }
  const document: ArithmeticDocument = {
    ...{ ...drawn, format: ARITHMETIC_FORMAT, model: text, frame: 224, expression: text, origin: 'zero', notes: [] },
    terms: [{ name: text, coefficient: -1 }],
    operands: [{ name: text, source: text, scene: text, sha256: '', file: '' }],
    expectation: { kind: 'objects', scene: text, sha256: '', file: '' },
    layers: [
      {
        ...{ layer: text, generator: text, generatorSha256: '', dims: 1, feature: 'pre-relu', reconstruction: 25 },
        origins: { zero: errors, blank: errors },
        files,
      },
    ],
    files: {},
  }
  const inputs: AccuracyDocument['inputs'] = {
    ...{ ...drawn, format: ARITHMETIC_FORMAT, model: 'net', size: 75, trialsPerKind: 10, seed: 0 },
    ...{ generators: [], patches: [] },
  }
  const scenes = [{ name: 'move', title: text, folder: `arithmetic/${text}/move`, document }]
  return { model: text, scenes, accuracy: { inputs, done: 10, counts: [...counts] } }
}
