import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftOut } from '../support/leftOut.js'
import { type Block, blocksOf, PAGES, ROOT } from '../support/markdown.js'
import { makeFolder } from '../support/temporaryFolder.js'

describe.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
  'what a page shows runs as it stands',
  () => {
    const home = makeFolder()
    const bin = join(home, 'bin')
    const python = pythonWithPandas()
    if (python === undefined) console.warn('Python in the pages is not run: no Python with NumPy and pandas here')

    beforeAll(() => {
      mkdirSync(bin)
      symlinkSync(join(ROOT, 'bin/shiftscope.js'), join(bin, 'shiftscope'))
      writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n')
      chmodSync(join(bin, 'npx'), 0o755)
      const installed = join(home, 'node_modules/shiftscope')
      mkdirSync(installed, { recursive: true })
      const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', home]
      const name = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim()
      execFileSync('tar', ['-xzf', join(home, name), '-C', installed, '--strip-components=1'])
      for (const beside of ['node_modules', 'native/build']) symlinkSync(join(ROOT, beside), join(installed, beside))
    })
    afterAll(() => rmSync(home, { recursive: true, force: true }))

    /** Runs a program in a page's folder. */
    const run = (folder: string, command: string, words: readonly string[]) =>
      new Promise<{ status: number | null; text: string }>((resolve, reject) => {
        const own = { SHIFTSCOPE_CACHE: join(home, 'cache'), MPLBACKEND: 'agg' }
        const env = { ...process.env, ...own, PATH: `${bin}${delimiter}${process.env.PATH}` }
        const child = spawn(command, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
        let text = ''
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (text += piece))
        child.on('error', reject)
        child.on('close', (status) => resolve({ status, text }))
      })

    it.skipIf(leftOut(!hasJupyter(), 'no Jupyter here'))('the notebook of the examples', async () => {
      const folder = join(home, 'notebook')
      mkdirSync(folder)
      cpSync(join(ROOT, 'examples/notebook.ipynb'), join(folder, 'notebook.ipynb'))
      const words = ['nbconvert', '--execute', '--to', 'notebook', '--inplace', 'notebook.ipynb']
      const { status, text } = await run(folder, 'jupyter', words)
      expect(status, text).toBe(0)
    })

    describe.each(PAGES.filter((page) => blocksOf(page).some(isRun)))('%s', (page) => {
      const blocks = blocksOf(page).filter(isRun)
      const of = (language: string) => blocks.filter((block) => block.language === language)
      const folder = join(home, page.replaceAll('/', '-'))
      beforeAll(() => mkdirSync(folder))

      it.each(of('sh').map((block) => [block.line, block] as const))('line %i', async (_, { code, given }) => {
        if (given !== undefined) {
          mkdirSync(dirname(join(folder, given.name)), { recursive: true })
          cpSync(join(ROOT, given.source), join(folder, given.name), { recursive: true })
        }
        const { status, text } = await run(folder, 'bash', ['-euo', 'pipefail', '-c', code])
        expect(status, text).toBe(0)
      })

      if (of('python').length > 0)
        it.skipIf(python === undefined)('the Python, from top to bottom', async () => {
          const script = of('python').map(({ code }) => code)
          writeFileSync(join(folder, 'page.py'), script.join('\n'))
          const { status, text } = await run(folder, python as string, ['page.py'])
          expect(status, text).toBe(0)
          expect(text).not.toContain('Warning')
        })

      if (of('ts').length > 0)
        it('the TypeScript', async () => {
          const files = of('ts').map(({ code, line }) => {
            writeFileSync(join(folder, `line${line}.mts`), code)
            return `line${line}`
          })
          writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
          const compiled = await run(folder, process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')])
          expect(compiled.status, compiled.text).toBe(0)
          for (const file of files) {
            const { status, text } = await run(folder, process.execPath, [`${file}.mjs`])
            expect(status, text).toBe(0)
          }
        })
    })
  },
)

function isRun({ language, parsedOnly }: Block): boolean {
  return ['sh', 'python', 'ts'].includes(language) && parsedOnly === undefined
}

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'ES2023', module: 'NodeNext', lib: ['ES2023', 'ESNext.Disposable'] },
    ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
  },
  include: ['*.mts'],
}

function hasJupyter(): boolean {
  return spawnSync('jupyter', ['nbconvert', '--version']).status === 0
}

/** A Python that has NumPy and pandas; undefined: there is none. */
function pythonWithPandas(): string | undefined {
  const has = (command: string) => spawnSync(command, ['-c', 'import numpy, pandas']).status === 0
  return ['python3', '/usr/bin/python3'].find(has)
}
