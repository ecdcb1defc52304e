import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether this machine has pdfTeX and the package booktabs. */
export const HAS_LATEX = spawnSync('kpsewhich', ['booktabs.sty']).status === 0

/**
 * Compiles a document twice, because only the second run has the list of tables, and returns its log.
 * @throws the output of pdfTeX if it fails
 */
export function latexLog(folder: string, body: string): string {
  const document = `\\documentclass{article}\\usepackage{booktabs}\\newsavebox{\\measured}\\begin{document}\n${body}\n\\end{document}\n`
  writeFileSync(join(folder, 'all.tex'), document)
  for (let run = 0; run < 2; run++) {
    const words = ['-interaction=nonstopmode', '-halt-on-error', 'all.tex']
    const { status, stdout } = spawnSync('pdflatex', words, { cwd: folder, encoding: 'latin1' })
    if (status !== 0) throw new Error(stdout)
  }
  return readFileSync(join(folder, 'all.log'), 'latin1')
}
