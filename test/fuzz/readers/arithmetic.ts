import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ARITHMETIC_SCENES } from '../../../src/experiments/arithmeticScenes.js'
import { sha256 } from '../../../src/files/sha256.js'
import { ARITHMETIC_FORMAT } from '../../../src/results/arithmeticDocument.js'
import { arithmeticRows } from '../../../src/results/arithmeticRows.js'
import { readArithmeticStudies } from '../../../src/results/arithmeticStudy.js'
import { disturb, documentText } from '../documents.js'
import { placeFiles, type Reader } from '../reader.js'
import { sealed } from './units.js'

const scene = (ARITHMETIC_SCENES[0] as (typeof ARITHMETIC_SCENES)[number]).name
const result = 'fc6-result.npy'

/** Arithmetic of a results folder: an expression's description, and the counts of random ones. */
export const arithmetic: Reader = {
  name: 'arithmetic',
  open: (results) => {
    const folder = join(results, 'arithmetic', 'net')
    mkdirSync(join(folder, scene), { recursive: true })
    writeFileSync(join(folder, scene, result), 'features')
    const whole: Readonly<Record<string, string>> = {
      [`${scene}/arithmetic.json`]: JSON.stringify(sealed(expressionDocument())),
      'accuracy.json': JSON.stringify(sealed(accuracyDocument())),
    }
    return {
      draw: (random) => {
        const name = random.pick(Object.keys(whole))
        const document = sealed(disturb(JSON.parse(whole[name] as string), random))
        return { kind: name, files: { ...whole, [name]: documentText(document, random) } }
      },
      read: async (drawn) => {
        placeFiles(folder, drawn)
        const studies = await readArithmeticStudies(results)
        const rows = arithmeticRows(studies)
        if (studies.every(({ scenes }) => scenes.length === 0) && rows.length === 0) return undefined
        const shares = rows.map(({ mean }) => mean)
        return shares.every(Number.isFinite) ? [] : [`shares ${shares.join()}`]
      },
    }
  },
}

export function expressionDocument(): object {
  const errors = { psnr: 20.5, psnrToDecoded: null, cosine: 0.9 }
  return {
    format: ARITHMETIC_FORMAT,
    model: 'net',
    weightsSha256: '0',
    frame: 224,
    background: 'white',
    blend: 'hard',
    expression: 'A - B',
    terms: [
      { name: 'A', coefficient: 1 },
      { name: 'B', coefficient: -1 },
    ],
    origin: 'zero',
    operands: [{ name: 'A', source: 'dog@0,1', scene: 'dog:75@0,1', sha256: '1', file: 'operand-A.png' }],
    expectation: { kind: 'objects', scene: 'dog:75@0,1', sha256: '1', file: 'expectation.png' },
    notes: [],
    layers: [
      {
        layer: 'fc6',
        generator: 'deepsim-fc6',
        generatorSha256: '2',
        dims: 8,
        feature: 'pre-relu',
        reconstruction: 20,
        origins: { zero: errors, blank: errors },
        files: {
          result,
          operands: 'fc6-operands.npy',
          decodedOperands: ['fc6-operand-A.png'],
          decodedResult: 'fc6-result.png',
          decodedFromOther: 'fc6-result-from-blank.png',
          decodedExpectation: 'fc6-expectation.png',
          sheet: 'fc6-sheet.png',
        },
      },
    ],
    files: { [result]: sha256('features') },
  }
}

export function accuracyDocument(): object {
  const counts = { trials: 7, expected: 14, found: 12, subtracted: 3, left: 1, decoys: 50, phantoms: 2, exact: 4 }
  return {
    inputs: {
      format: ARITHMETIC_FORMAT,
      model: 'net',
      weightsSha256: '0',
      generators: [{ layer: 'fc6', id: 'deepsim-fc6', sha256: '2' }],
      patches: [{ name: 'dog', sha256: '1' }],
      size: 75,
      background: 'white',
      blend: 'hard',
      trialsPerKind: 50,
      seed: 0,
    },
    done: 7,
    counts: ['pixels', 'decoded'].map((reference) => ({
      layer: 'fc6',
      kind: '2-1',
      judged: 'zero',
      reference,
      ...counts,
    })),
  }
}
