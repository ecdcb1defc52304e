import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))

/**
 * Folders and files of src in their order, as ARCHITECTURE.md describes them. A folder stands for its own files only. It
 * knows the rows before its own, and itself.
 */
const ROOMS = [
  ['message', 'messageLine'],
  ['network', 'progress'],
  ['errors'],
  ['support'],
  ['files', 'native'],
  ['files/protobuf', 'childProcess', 'download'],
  ['checkpoint', 'onnx/format'],
  ['onnx/graph'],
  ['onnx/edit', 'onnx/trial'],
  ['networks/catalog', 'networks/input'],
  ['networks/reference', 'networks/classes', 'networks/architectures'],
  ['networks/hub'],
  ['networks/file'],
  ['networks/detector'],
  ['networks/open'],
  ['networks/models'],
  ['patches'],
  ['engine/devices', 'engine/scene', 'engine/features'],
  ['engine/backends'],
  ['engine/queue'],
  ['engine/reuse'],
  ['engine/open', 'engine'],
  ['experiments/scenes'],
  ['experiments/maps'],
  ['experiments/answers', 'experiments/classifiers', 'experiments/arithmetic'],
  ['experiments/readout', 'experiments'],
  ['results/unit'],
  ['results/measures'],
  ['results'],
  ['results/store'],
  ['results/answers', 'results/arithmetic'],
  ['plot'],
  ['page/site'],
  ['page/text'],
  ['page/html'],
  ['page/live'],
  ['page/browser'],
  ['page/browser/live'],
  ['report/text', 'report/charts'],
  ['report/tables', 'report/findings'],
  ['report/figures', 'report/sections', 'report/arithmetic'],
  ['report/photographs'],
  ['report'],
  ['features'],
  ['study/items'],
  ['study/answers', 'study/arithmetic'],
  ['study/maps'],
  ['study'],
  ['bench', 'cluster', 'explore'],
  ['compare'],
  ['cli/output', 'cli/process'],
  ['cli/options'],
  ['cli/commands'],
  ['cli', 'index'],
]

/** Text by path below src, such as `engine/scene/task.ts`. */
const files: ReadonlyMap<string, string> = new Map(
  readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => [relative(SOURCE, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
)

/** What a file imports from other files of src, types too. */
function importsOf(path: string): readonly string[] {
  const statements =
    /^(?:import|export)\b[^'"`;]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/gm
  return [...(files.get(path) ?? '').matchAll(statements)].map(([, from, bare, dynamic]) => {
    const named = from ?? bare ?? (dynamic as string)
    const file = join(dirname(path), named).split(sep).join('/').replace(/\.js$/, '.ts')
    return files.has(file) ? file : `${file}x`
  })
}

const imports: ReadonlyMap<string, readonly string[]> = new Map(
  [...files.keys()].map((path) => [path, importsOf(path)]),
)
const pairs = [...imports].flatMap(([path, imported]) => imported.map((other) => [path, other] as const))

/** The folder of a file; for a file that lies in none, its name. */
function roomOf(path: string): string {
  const folder = dirname(path)
  return folder === '.' ? path.replace(/\.tsx?$/, '') : folder
}

function rowOf(path: string): number {
  return ROOMS.findIndex((row) => row.includes(roomOf(path)))
}

/** The files of a way that ends where it began; undefined where there is none. */
function cycle(): readonly string[] | undefined {
  const done = new Set<string>()
  const way: string[] = []
  const search = (path: string): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return undefined
    way.push(path)
    for (const other of imports.get(path) ?? []) {
      const found = search(other)
      if (found) return found
    }
    way.pop()
    done.add(path)
    return undefined
  }
  for (const path of files.keys()) {
    const found = search(path)
    if (found) return found
  }
  return undefined
}

/** Whether a file imports nothing but types of another. */
function isTypeOnly(path: string, other: string): boolean {
  const name = (other.split('/').at(-1) as string).replace(/\.tsx?$/, '.js')
  const statements = [...(files.get(path) ?? '').matchAll(/^(import|export)( type)?\b[^;]*?from '([^']*)'/gm)]
  const own = statements.filter(([, , , from = '']) => from.endsWith(`/${name}`))
  return own.length > 0 && own.every(([, , type]) => type !== undefined)
}

describe('the source', () => {
  it('imports files that are there', () => {
    expect(pairs.length).toBeGreaterThan(files.size)
    expect(pairs.filter(([, other]) => !files.has(other))).toEqual([])
  })

  it('lies in rooms that have their place', () => {
    const rooms = new Set([...files.keys()].map(roomOf))
    expect(new Set(ROOMS.flat())).toEqual(rooms)
  })

  it('knows the rooms of earlier rows and no others', () => {
    const wrong = pairs.filter(([path, other]) => roomOf(path) !== roomOf(other) && rowOf(path) <= rowOf(other))
    const lines = wrong.map(
      ([path, other]) => `${path} imports ${other}, but ${roomOf(other)} is in no row before ${roomOf(path)}`,
    )
    expect(lines).toEqual([])
  })

  it('has no files that import one another in a circle', () => {
    expect(cycle()).toBeUndefined()
  })

  it('exports each name from one file', () => {
    const declared = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm
    const names = [...files.values()].flatMap((text) => [
      ...new Set([...text.matchAll(declared)].map(([, name]) => name)),
    ])
    expect(names.length).toBeGreaterThan(files.size)
    expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([])
  })

  it('needs nothing of the page’s program in the browser, which the package has only as a bundle', () => {
    const isOfBrowser = (path: string) => path.startsWith('page/browser/')
    const needed = pairs.filter(([path, other]) => !isOfBrowser(path) && isOfBrowser(other))
    expect(pairs.some(([, other]) => isOfBrowser(other))).toBe(true)
    expect(needed).toEqual([])
  })

  it('loads no zod in a worker, which starts for a few images too', () => {
    const loaded = new Set(['engine/worker.ts'])
    for (const path of loaded)
      for (const other of imports.get(path) ?? []) if (!isTypeOnly(path, other)) loaded.add(other)
    expect(loaded.size).toBeGreaterThan(5)
    expect([...loaded].filter((path) => /from 'zod'/.test(files.get(path) ?? ''))).toEqual([])
  })
})

it('every helper of the tests has its line in their page', () => {
  const folder = new URL('support/', import.meta.url)
  const helpers = readdirSync(folder).flatMap((name) => /^(.+)\.ts$/.exec(name)?.[1] ?? [])
  const page = readFileSync(new URL('README.md', folder), 'utf8')
  expect(helpers.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
