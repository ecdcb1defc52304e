import { mkdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { findArithmetic, readAccuracy, readArithmetic } from '../../src/results/arithmetic.js'
import { readArithmeticStudies } from '../../src/results/arithmeticStudy.js'
import { temporaryFolder } from '../temporaryFolder.js'

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

  it('is never taken from other documents', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        store(text, 'folder', 'arithmetic.json')
        await expect(readArithmetic(inFolder('folder'))).rejects.toThrow(InputError)
        expect(await findArithmetic(inFolder('folder'))).toBeUndefined()
      }),
    )
  })
})
