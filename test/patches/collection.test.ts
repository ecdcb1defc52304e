import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { builtInPatches, patchesFrom, patchFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

function writeManifest(content: unknown): string {
  writeFileSync(inFolder('manifest.json'), typeof content === 'string' ? content : JSON.stringify(content))
  return inFolder('manifest.json')
}

async function refusalOf(path: string): Promise<string> {
  const error = await patchesFrom(path).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(InputError)
  const { message } = error as InputError
  expect(message).toContain(path)
  return message
}

describe('built-in patches', () => {
  it("are one transparent picture for each of the paper's ten classes", async () => {
    const patches = await builtInPatches()
    expect(patches.map(({ category }) => category).sort()).toEqual(
      ['airplane', 'banana', 'bird', 'boat', 'car', 'clock', 'dog', 'laptop', 'orange', 'zebra'].sort(),
    )
    for (const { path } of patches) {
      const { data } = await readImage(path)
      const alphas = new Set(data.filter((_, i) => i % 4 === 3))
      expect(alphas.has(0) && alphas.has(255)).toBe(true)
    }
  })
})

describe('built-in patches by name', () => {
  it('are taken in the order in which they are named', async () => {
    const all = await builtInPatches()
    const named = (name: string) => all.find((patch) => patch.name === name)
    expect(await patchesFrom('dog')).toEqual([named('dog')])
    expect(await patchesFrom('dog, airplane,dog')).toEqual([named('dog'), named('airplane')])
    expect(await patchFrom('zebra')).toEqual(named('zebra'))
  })

  it('give way to a path', async () => {
    mkdirSync(inFolder('dog'))
    writeFileSync(inFolder('dog', 'own.png'), '')
    const before = process.cwd()
    process.chdir(inFolder())
    try {
      expect(await patchesFrom('dog')).toEqual([{ name: 'own', path: join('dog', 'own.png') }])
      expect(await patchFrom('dog')).toEqual({ name: 'dog', path: 'dog' })
    } finally {
      process.chdir(before)
    }
  })

  it('are suggested where there is neither', async () => {
    for (const text of ['dgo', 'car,dgo']) {
      const message = await refusalOf(text)
      expect(message).toMatch(/no such file or folder, and no built-in patch is called "dgo"; the nearest .* dog/)
    }
    await expect(patchFrom('zebras')).rejects.toThrow(/zebras: no such file, and no built-in patch .* zebra/)
  })
})

describe('a folder of pictures', () => {
  it('is taken by name, pictures alone', async () => {
    for (const name of ['b.webp', 'a.PNG', 'notes.txt', 'c', '._a.png', '.hidden.png'])
      writeFileSync(inFolder(name), '')
    mkdirSync(inFolder('below'))
    expect(await patchesFrom(inFolder())).toEqual([
      { name: 'a', path: inFolder('a.PNG') },
      { name: 'b', path: inFolder('b.webp') },
    ])
  })

  it('must not have one name twice', async () => {
    for (const name of ['a.png', 'a.webp']) writeFileSync(inFolder(name), '')
    expect(await refusalOf(inFolder())).toMatch(/two patches named a; rename one/)
  })

  it('must have a picture and must exist', async () => {
    writeFileSync(inFolder('notes.txt'), '')
    expect(await refusalOf(inFolder())).toMatch(/no pictures in/)
    expect(await refusalOf(inFolder('nothing'))).toMatch(/no such file or folder/)
  })

  it('gives way to the manifest inside it', async () => {
    writeFileSync(inFolder('stray.png'), '')
    writeManifest({ patches: [{ name: 'one', file: 'pictures/one.png', category: 'dog' }] })
    const expected = [{ name: 'one', path: inFolder('pictures', 'one.png'), category: 'dog' }]
    expect(await patchesFrom(inFolder())).toEqual(expected)
    expect(await patchesFrom(inFolder('manifest.json'))).toEqual(expected)
  })

  it('may be a single picture', async () => {
    writeFileSync(inFolder('zebra.v2.png'), '')
    expect(await patchesFrom(inFolder('zebra.v2.png'))).toEqual([{ name: 'zebra.v2', path: inFolder('zebra.v2.png') }])
  })
})

describe('a manifest', () => {
  it.each(['../outside.png', '/etc/passwd', 'a/../../outside.png', '..', 'a/../..'])(
    'must not point outside its folder: %s',
    async (file) => {
      expect(await refusalOf(writeManifest({ patches: [{ name: 'a', file }] }))).toMatch(/outside its folder/)
    },
  )

  it('may name any file inside its folder', async () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((name) => !/[/\\\0]/.test(name) && !/^\.\.?$/.test(name))
    await fc.assert(
      fc.asyncProperty(names, async (file) => {
        const [patch] = await patchesFrom(writeManifest({ patches: [{ name: 'a', file }] }))
        expect(patch?.path).toBe(join(inFolder(), file))
      }),
    )
  })

  it('must not have one name twice', async () => {
    const patches = [
      { name: 'a', file: '1.png' },
      { name: 'a', file: '2.png' },
    ]
    expect(await refusalOf(writeManifest({ patches }))).toMatch(/two patches named a; rename one/)
  })

  it('that is damaged is refused in one line', async () => {
    expect(await refusalOf(writeManifest('{"patches": ['))).toMatch(/is not JSON/)
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    expect(await refusalOf(writeManifest(`{"patches":{"length":${deep}}}`))).toMatch(/is not JSON/)
    const wrong = [
      null,
      [],
      {},
      { patches: [] },
      { patches: [{}] },
      { patches: [{ name: '', file: 'a' }] },
      { patches: [{ name: 1, file: 'a' }] },
      { patches: [{ name: 'x'.repeat(1001), file: 'a' }] },
    ]
    for (const content of wrong) {
      const message = await refusalOf(writeManifest(content))
      expect(message).toMatch(/is not a manifest of patches: [A-Za-z]/)
      expect(message).not.toContain('\n')
    }
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        await refusalOf(writeManifest(text))
      }),
    )
  })
})
