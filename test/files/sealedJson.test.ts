import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { InputError } from '../../src/errors.js'
import { readSealedJson, writeSealedJson } from '../../src/files/sealedJson.js'
import { sha256 } from '../../src/files/sha256.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const schema = z.object({ inputs: z.object({ format: z.literal(2), name: z.string() }), numbers: z.array(z.number()) })
const document = { inputs: { format: 2 as const, name: 'dog' }, numbers: [1, -0.25, 1e-7] }
const read = () => readSealedJson(inFolder('x.json'), schema, 'make it again')

describe('sealed JSON', () => {
  it('ends with the hash of what it says, and is read as it was written', async () => {
    expect(await writeSealedJson(inFolder('x.json'), schema, document)).toEqual(document)
    const written = { ...document, sha256: sha256(JSON.stringify(document)) }
    expect(readFileSync(inFolder('x.json'), 'utf8')).toBe(`${JSON.stringify(written, null, 2)}\n`)
    expect(await read()).toEqual(document)
    await expect(writeSealedJson(inFolder('y.json'), schema, { ...document, numbers: [Number.NaN] })).rejects.toThrow()
  })

  it('is never read with another content when any of its bits is flipped', async () => {
    await writeSealedJson(inFolder('x.json'), schema, document)
    const whole = readFileSync(inFolder('x.json'))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (place, bit) => {
        const damaged = Buffer.from(whole)
        damaged[place] = (damaged[place] as number) ^ (1 << bit)
        writeFileSync(inFolder('x.json'), damaged)
        const found = await read().catch((error) => error)
        if (!(found instanceof InputError)) expect(found).toEqual(document)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['{', 'is damaged'],
    ['null', 'is damaged'],
    [JSON.stringify({ ...document, inputs: null }), 'is damaged'],
    [JSON.stringify({ ...document, sha256: 'other' }), 'is damaged'],
    [JSON.stringify({ ...document, inputs: { format: 1 } }), 'was made by another version of shiftscope'],
  ])('that is %s is refused: it %s', async (text, fault) => {
    writeFileSync(inFolder('x.json'), text)
    await expect(read()).rejects.toThrow(new InputError(`${inFolder('x.json')} ${fault}; make it again`))
  })

  it('that is missing, or no file, is refused', async () => {
    const refusal = (cause: string) => new InputError(`cannot read ${inFolder('x.json')}: ${cause}; make it again`)
    await expect(read()).rejects.toThrow(refusal('no such file'))
    mkdirSync(inFolder('x.json'))
    await expect(read()).rejects.toThrow(refusal('it is not a file'))
  })
})
