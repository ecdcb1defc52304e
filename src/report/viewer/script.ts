import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageFolder } from '../../files/package.js'

/** The browser's modules as the build writes them; the page carries them as one script. */
const BUILD = join(packageFolder(), 'dist', 'report', 'viewer')
const MAIN = join(BUILD, 'browser', 'main.js')

const IMPORT = /^import \{([^}]*)\} from '([^']+)';$/gm
const EXPORT = /^export (?=(?:async )?(?:function|const) (\w+))/gm

/**
 * The viewer's script: the build's modules, each a function that gives its exports, in an order in which every module
 * comes after what it imports. Pages from disk may not load modules from files.
 * Modules may use named imports of other modules, and exported functions and constants; nothing else.
 */
export function viewerScript(): string {
  const modules = new Map<string, string>()
  addModule(MAIN, modules)
  return `'use strict';\n(() => {\nconst modules = {};\n${[...modules.values()].join('')}})();\n`
}

function addModule(path: string, modules: Map<string, string>): void {
  if (modules.has(path)) return
  const source = readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
  for (const [, , from] of source.matchAll(IMPORT)) addModule(join(dirname(path), from as string), modules)
  modules.set(path, moduleFunction(path, source))
}

function moduleFunction(path: string, source: string): string {
  const names = [...source.matchAll(EXPORT)].map(([, name]) => name)
  const body = source
    .replace(IMPORT, (_, imported: string, from: string) => {
      const bindings = imported.replace(/\b(\w+) as (\w+)\b/g, '$1: $2')
      return `const {${bindings}} = modules[${nameOf(join(dirname(path), from))}];`
    })
    .replace(EXPORT, '')
  if (/^(?:import|export)\b/m.test(body)) throw new Error(`${path} has an import or export that a page cannot carry`)
  return `modules[${nameOf(path)}] = (() => {\n${body}\nreturn { ${names.join(', ')} };\n})();\n`
}

function nameOf(path: string): string {
  return JSON.stringify(relative(BUILD, path).replaceAll('\\', '/'))
}
