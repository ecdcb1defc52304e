import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { builtInPatches, isPicture, patchesFrom, patchFrom } from '../../src/patches/collection.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

function writeManifest(content: unknown): string {
  writeFileSync(inFolder('manifest.json'), typeof content === 'string' ? content : JSON.stringify(content))
  return inFolder('manifest.json')
}

function write(...names: readonly string[]): void {
  for (const name of names) writeFileSync(inFolder(name), '')
}

/** Why there are no patches, without the path. */
async function refusalOf(path: string): Promise<string> {
  return (await messageOf(patchesFrom(path))).replace(path, 'PATH')
}

describe('built-in patches by name', () => {
  it('are taken in the order in which they are named', async () => {
    const all = await builtInPatches()
    const named = (name: string) => all.find((patch) => patch.name === name)
    expect(await patchesFrom()).toEqual(all)
    expect(await patchesFrom('dog, airplane,dog')).toEqual([named('dog'), named('airplane')])
    expect(await patchFrom('zebra')).toEqual(named('zebra'))
    expect(named('zebra')).toMatchObject({ category: 'zebra', colours: 'authors' })
  })

  it('give way to a file, and to a folder whose path has a separator', async ({ skip }) => {
    skip(!isMainThread, 'a thread cannot change its folder')
    for (const folder of ['dog', 'dog,car', 'own']) mkdirSync(inFolder(folder))
    write('dog/own.png', 'own/own.png', 'car')
    const before = process.cwd()
    process.chdir(inFolder())
    try {
      const [dog, car] = await patchesFrom('dog,car')
      expect([dog, car]).toMatchObject([{ category: 'dog' }, { category: 'car' }])
      for (const found of [patchesFrom('dog'), patchFrom('dog').then((patch) => [patch])])
        expect(await found).toEqual([dog])
      expect(await patchesFrom('./dog')).toEqual([{ name: 'own', path: join('dog', 'own.png') }])
      expect(await patchesFrom('own')).toEqual([{ name: 'own', path: join('own', 'own.png') }])
      expect(await patchFrom('car')).toEqual({ name: 'car', path: 'car' })
    } finally {
      process.chdir(before)
    }
  })

  it('are suggested where there is neither', async () => {
    const nearest = 'and no built-in object is called "dgo" (most similar: dog, '
    for (const text of ['dgo', 'car,dgo'])
      expect(await refusalOf(text)).toContain(`cannot read PATH: no such file or folder, ${nearest}`)
    expect(await refusalOf(inFolder('nothing'))).toMatch(/no such file or folder/)
    expect(await messageOf(patchFrom('zebras'))).toMatch(/zebras: no such file, and no built-in object .* zebra, /)
  })
})

describe('a folder of pictures', () => {
  it('is taken by name, pictures alone', async () => {
    write('b.webp', 'a.PNG', 'notes.txt', 'c', '._a.png', '.hidden.png')
    mkdirSync(inFolder('below'))
    expect(await patchesFrom(inFolder())).toEqual([
      { name: 'a', path: inFolder('a.PNG') },
      { name: 'b', path: inFolder('b.webp') },
    ])
    const pictures = ['png', 'webp', 'jpg', 'JPEG', 'svg', 'gif', 'tif', 'tiff', 'avif'].map((end) => `x.${end}`)
    expect(pictures.filter(isPicture)).toEqual(pictures)
  })

  it('gives way to the manifest inside it', async () => {
    write('stray.png')
    writeManifest({ patches: [{ name: 'one', file: 'pictures/one.png', category: 'dog' }] })
    const expected = [{ name: 'one', path: inFolder('pictures', 'one.png'), category: 'dog' }]
    expect(await patchesFrom(inFolder())).toEqual(expected)
    expect(await patchesFrom(inFolder('manifest.json'))).toEqual(expected)
  })

  it('may be a single picture, but not empty or with one name twice', async () => {
    write('notes.txt')
    expect(await refusalOf(inFolder())).toMatch(
      /^no pictures in PATH; put PNG, .* with transparency around the object$/,
    )
    write('zebra.v2.png', 'zebra.v2.webp')
    expect(await patchesFrom(inFolder('zebra.v2.png'))).toEqual([{ name: 'zebra.v2', path: inFolder('zebra.v2.png') }])
    expect(await refusalOf(inFolder())).toBe('PATH has two objects named zebra.v2; rename one')
  })
})

describe('a manifest', () => {
  const one = (changes: object) => ({ patches: [{ name: 'a', file: 'a.png', ...changes }] })

  it.each([
    [one({ alpha: 'hard' }), { alpha: 'hard' }],
    [{ kind: 'images', ...one({}) }, {}],
    [{ kind: 'coco', ...one({}) }, { colours: 'authors' }],
    [{ kind: 'built-in', ...one({}) }, { colours: 'authors' }],
  ])('%j says how its objects are resized', async (content, expected) => {
    expect(await patchesFrom(writeManifest(content))).toEqual([{ name: 'a', path: inFolder('a.png'), ...expected }])
  })

  it('may name any files inside its folder', async () => {
    const path = writeManifest(one({ file: 'b/../..c\n/é.png', sizes: { 75: '75/a.png' } }))
    const [patch] = await patchesFrom(path)
    expect(patch).toEqual({ name: 'a', path: inFolder('..c\n/é.png'), sizes: { 75: inFolder('75/a.png') } })
  })

  const DAMAGED = /^PATH is not a manifest of objects: [A-Za-z].*; make it again$/
  const OUTSIDE = / outside the manifest’s folder; move the pictures into this folder$/
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  it.each<[unknown, RegExp]>([
    ['{"patches": [', /^PATH is not valid JSON; make the manifest again$/],
    [`{"patches":{"length":${deep}}}`, /^PATH is not valid JSON/],
    ...[null, [], { patches: [] }].map((content): [unknown, RegExp] => [content, DAMAGED]),
    ...[
      { file: '' },
      { name: '' },
      { name: 1 },
      { name: 'x'.repeat(1001) },
      { alpha: 'soft' },
      { sizes: { 75: '' } },
    ].map((changes): [unknown, RegExp] => [one(changes), DAMAGED]),
    [one({ file: undefined }), /: patches.0.file: /],
    ...['../a.png', '/etc/passwd', 'a/../../a.png', '..'].map((file): [unknown, RegExp] => [one({ file }), OUTSIDE]),
    [one({ sizes: { 75: '../a.png' } }), OUTSIDE],
    [
      { patches: ['1.png', '2.png'].map((file) => ({ name: 'a', file })) },
      /^PATH has two objects named a; rename one$/,
    ],
  ])('that is wrong is refused in one line (%#)', async (content, refusal) => {
    expect(await refusalOf(writeManifest(content))).toMatch(refusal)
  })
})
