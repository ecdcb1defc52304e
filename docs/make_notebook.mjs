/**
 * Makes examples/notebook.ipynb of docs/python.md: text and commands become cells.
 *
 *   node docs/make_notebook.mjs          # with --check, only report whether the notebook is up to date
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const page = readFileSync(new URL('python.md', import.meta.url), 'utf8')
const path = fileURLToPath(new URL('../examples/notebook.ipynb', import.meta.url))
const made = `${JSON.stringify(notebookOf(page), null, 1)}\n`

if (!process.argv.includes('--check')) writeFileSync(path, made)
else if (readFileSync(path, 'utf8') !== made) {
  console.error('examples/notebook.ipynb: out of date with docs/python.md; run node docs/make_notebook.mjs')
  process.exitCode = 1
}

function notebookOf(text) {
  const parts = text.split(/^```(sh|python)\n([\s\S]*?)^```\n/m)
  const cells = []
  for (let i = 0; i < parts.length; i += 3) {
    const [prose, language, code] = parts.slice(i, i + 3)
    if (prose.trim() !== '') cells.push({ cell_type: 'markdown', metadata: {}, source: linesOf(linked(prose)) })
    if (code === undefined) continue
    const source = linesOf(language === 'sh' ? `%%bash\n${code}` : code)
    cells.push({ cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source })
  }
  const kernelspec = { display_name: 'Python 3', language: 'python', name: 'python3' }
  return { cells, metadata: { kernelspec, language_info: { name: 'python' } }, nbformat: 4, nbformat_minor: 4 }
}

/** Links to other pages of docs, as seen from examples. */
function linked(prose) {
  return prose.replace(/\]\((?=[\w-]+\.md)/g, '](../docs/')
}

/** Lines as notebooks store them: each keeps its line end, except the last one. */
function linesOf(text) {
  return text.trim().split(/(?<=\n)/)
}
