import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { type JsonRecord, readJsonRecords } from '../../src/files/jsonRecords.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

async function recordsOf(text: string, sections: readonly string[]): Promise<JsonRecord[]> {
  writeFileSync(folder('file.json'), text)
  const records: JsonRecord[] = []
  await readJsonRecords(folder('file.json'), sections, (record) => records.push(record))
  return records
}

const record = fc
  .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue())
  .map((value) => JSON.parse(JSON.stringify(value)) as object)

describe('records of a JSON file', () => {
  it('are what the file holds, and lie where they are said to', async () => {
    const rest = fc.jsonValue()
    await fc.assert(
      fc.asyncProperty(fc.array(record), fc.array(record), rest, fc.constantFrom(0, 2), async (a, b, other, space) => {
        const text = JSON.stringify({ other, 'a"\\': other, a, info: { a: [1, 2] }, b }, undefined, space)
        const records = await recordsOf(text, ['a', 'b'])
        expect(records.filter(({ section }) => section === 'a').map(({ value }) => value)).toEqual(a)
        expect(records.filter(({ section }) => section === 'b').map(({ value }) => value)).toEqual(b)
        const bytes = readFileSync(folder('file.json'))
        for (const { start, end, value } of records) {
          expect(JSON.parse(bytes.subarray(start, end).toString())).toEqual(value)
        }
      }),
    )
  })

  it('may be cut anywhere by the pieces in which the file is read', async () => {
    const a = Array.from({ length: 30_000 }, (_, i) => ({
      id: i,
      text: `"}]é\\${'x'.repeat(i % 97)}`,
      list: [[i], {}],
    }))
    const records = await recordsOf(JSON.stringify({ a }), ['a'])
    expect(readFileSync(folder('file.json')).length).toBeGreaterThan(2.5 * 2 ** 20)
    expect(records.map(({ value }) => value)).toEqual(a)
  })

  it.each([
    '',
    ' ',
    '[]',
    '{',
    '{"a":[',
    '{"a":[{}',
    '{"a":[{}}',
    '{"a":[{},,{}]}',
    '{"a":[{}{}]}',
    '{"a":[1]}',
    '{"a":{}}',
    '{}x',
  ])('are refused of %j', async (text) => {
    const refusal = recordsOf(text, ['a'])
    await expect(refusal).rejects.toThrow(InputError)
    await expect(refusal).rejects.toThrow(/^(?!cannot read).*; get the file again$/)
  })

  it('of any text end in records or an InputError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'{}[]",:a1\\ '), maxLength: 40 }), async (text) => {
        await recordsOf(text, ['a']).catch((error: unknown) => expect(error).toBeInstanceOf(InputError))
      }),
    )
  })
})
