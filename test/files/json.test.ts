import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { InputError } from '../../src/errors.js'
import { MOST_DEPTH, parseJson, tryJson } from '../../src/files/json.js'
import { type JsonRecord, readJsonRecords } from '../../src/files/jsonRecords.js'
import { readSealedJson, writeSealedJson } from '../../src/files/sealedJson.js'
import { sha256 } from '../../src/files/sha256.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('a document is read as it stands, and refused where it is nested too deeply', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`
  expect(parseJson('{"a":[1,null,{"b":"c"}]}')).toEqual({ a: [1, null, { b: 'c' }] })
  expect(tryJson(nested(MOST_DEPTH))).toBeInstanceOf(Array)
  for (const text of [`[${nested(MOST_DEPTH)}]`, nested(100_000), '{"a":', '']) {
    expect(() => parseJson(text)).toThrow(SyntaxError)
    expect(tryJson(text)).toBeUndefined()
  }
})

describe('records of a JSON file', () => {
  async function recordsOf(text: string, sections: readonly string[] = ['a']) {
    writeFileSync(inFolder('file.json'), text)
    const records: JsonRecord[] = []
    const read: number[] = []
    const onBytes = (bytes: number) => void read.push(bytes)
    await readJsonRecords(inFolder('file.json'), sections, (record) => records.push(record), onBytes)
    expect(read.at(-1) ?? 0).toBe(Buffer.byteLength(text))
    return records
  }

  it.each([0, 2])('are what the file holds, and lie where they are said to, indented by %i', async (space) => {
    const a = [{}, { text: '"}]é\\', 'k"': { a: [[1], {}] } }, { a: null }]
    const other = [{ no: 1 }, [[], 'a'], 'a']
    const content = { other, 'a"\\': other, a, info: { a: [1, 2] }, text: 'a', b: [{ b: [] }], more: [1] }
    const text = `\ufeff${JSON.stringify(content, undefined, space)}\n`
    const records = await recordsOf(text, ['a', 'b'])
    const expected = [...a.map((value) => ['a', value]), ['b', { b: [] }]]
    expect(records.map(({ section, value }) => [section, value])).toEqual(expected)
    const bytes = readFileSync(inFolder('file.json'))
    for (const { start, end, value } of records) {
      const written = JSON.stringify(value, undefined, space).replaceAll('\n', `\n${' '.repeat(2 * space)}`)
      expect(bytes.toString('utf8', start, end)).toBe(written)
    }
  })

  it('are none of a list without a name', async () => {
    expect((await recordsOf('{"a":[{"b":1}],[{"b":2}]}')).map(({ value }) => value)).toEqual([{ b: 1 }])
  })

  it('may be cut anywhere by the pieces in which the file is read', async () => {
    const long = { text: 'é"'.repeat(800_000) }
    const a = [{ id: 1 }, long, ...Array.from({ length: 3000 }, (_, i) => ({ i, text: 'x'.repeat(i % 97) })), long]
    const records = await recordsOf(JSON.stringify({ a }))
    expect(JSON.stringify(records.map(({ value }) => value)) === JSON.stringify(a)).toBe(true)
  })

  it.each([
    ['', 'is cut off after 0 bytes'],
    [' ', 'is cut off after 1 bytes'],
    ['[]', 'at byte 0'],
    ['{', 'is cut off'],
    ['{"a":[', 'is cut off'],
    ['{"a":[{}', 'is cut off'],
    ['{"a":[{}}', 'at byte 8'],
    ['{"a":[{},,{}]}', 'at byte 9'],
    ['{"a":[{}{}]}', 'at byte 8'],
    ['{"a":[,{}]}', 'at byte 6'],
    ['{"a":[{"b"}]}', 'at byte 6'],
    ['{"a":[1]}', 'at byte 6'],
    ['{"a":{}}', 'at byte 5'],
    ['{}x', 'at byte 2'],
    [`{"a":[{"b":${'['.repeat(100)}`, 'at byte 108'],
  ])('are refused of %j: %s', async (text, fault) => {
    const message = await messageOf(recordsOf(text))
    expect(message).toMatch(/^(?!cannot read).*; download or copy it again$/)
    expect(message).toContain(fault)
  })

  it('are none of a missing file or a folder', async () => {
    const refusal = (path: string) => messageOf(readJsonRecords(path, [], () => undefined))
    expect(await refusal(inFolder('x'))).toBe(`cannot read ${inFolder('x')}: no such file; check the path`)
    expect(await refusal(inFolder())).toBe(`cannot read ${inFolder()}: it is a folder or a pipe; give a file`)
  })
})

describe('sealed JSON', () => {
  const inputs = z.object({ format: z.literal(2), name: z.string() })
  const schema = z.object({ inputs, numbers: z.array(z.number()) })
  const document = { inputs: { format: 2 as const, name: 'dog' }, numbers: [1, -0.25, 1e-7] }
  const path = () => inFolder('x.json')
  const read = () => readSealedJson(path(), schema, 'make it again')

  it('ends with the hash of what it says, and is read as it was written', async () => {
    expect(await writeSealedJson(path(), schema, { ...document, more: 1 } as typeof document)).toEqual(document)
    const written = { ...document, sha256: sha256(JSON.stringify(document)) }
    expect(readFileSync(path(), 'utf8')).toBe(`${JSON.stringify(written, null, 2)}\n`)
    expect(await read()).toEqual(document)
    await expect(writeSealedJson(path(), schema, { ...document, numbers: [Number.NaN] })).rejects.toThrow()
  })

  it('is never read with another content when any of its bits is flipped', async () => {
    await writeSealedJson(path(), schema, document)
    const whole = readFileSync(path())
    for (let place = 0; place < whole.length; place++) {
      const damaged = Buffer.from(whole)
      damaged[place] = (damaged[place] as number) ^ (1 << (place % 8))
      writeFileSync(path(), damaged)
      const found = await read().catch((error) => error)
      if (!(found instanceof InputError)) expect(found).toEqual(document)
    }
  })

  it.each([
    '{',
    'null',
    JSON.stringify(document),
    JSON.stringify({ ...document, inputs: null }),
    JSON.stringify({ ...document, sha256: 'other' }),
    JSON.stringify({ ...document, inputs: { format: 1 } }),
  ])('that is %s is refused', async (text) => {
    writeFileSync(path(), text)
    await expect(read()).rejects.toThrow(new InputError(`${path()} is damaged, or of another version; make it again`))
  })

  it('that is missing, or no file, is refused', async () => {
    const refusal = (cause: string) => new InputError(`cannot read ${path()}: ${cause}; make it again`)
    await expect(read()).rejects.toThrow(refusal('no such file'))
    mkdirSync(path())
    await expect(read()).rejects.toThrow(refusal('it is not a file'))
  })
})
