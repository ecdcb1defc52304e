/** Functions of the scripts that write numbers and pictures into the docs. */
import { readFileSync, writeFileSync } from 'node:fs'

/** The results of a document in bench/results. */
export function resultsOf(name) {
  return JSON.parse(readFileSync(new URL(`../bench/results/${name}.json`, import.meta.url), 'utf8')).results
}

/**
 * The page with new text between each pair of comments `NAME of SOURCE.json` and `end of NAME`.
 * @param sections functions that make the text, by SOURCE and NAME
 */
export function pageWith(page, sections) {
  let text = readFileSync(page, 'utf8')
  for (const [source, makers] of Object.entries(sections))
    for (const [name, make] of Object.entries(makers)) {
      const between = new RegExp(`(<!-- ${name} of ${source}.json -->)[\\s\\S]*?(<!-- end of ${name} -->)`)
      if (!between.test(text)) throw new Error(`no comments "${name} of ${source}.json" in ${page.pathname}`)
      text = text.replace(between, (_, begin, end) => `${begin}\n${make()}\n${end}`)
    }
  return text
}

/** Writes the files. With `--check`, only says which of them have another content. */
export function writeAll(files, script) {
  const isCheck = process.argv.includes('--check')
  const stale = files.filter(([file, content]) => {
    if (!isCheck) writeFileSync(file, content)
    return isCheck && readFileSync(file, 'utf8') !== content
  })
  if (stale.length === 0) return
  console.error(`${stale.map(([file]) => file.pathname).join(', ')}: run node docs/${script}`)
  process.exitCode = 1
}

export function markdown(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Colours of the page, which an SVG outside of it does not have. */
export const PICTURE_STYLE = `svg{--ink:#1a1c1f;--soft:#5a6068;--strong:#8b9096;--line:#dcddd9;--ground:#fff;--tint:#f5f5f2;--held:#f2a33a;--fault:#c92a2a;--series-1:#0b5fa5;--series-2:#b54a09;--series-3:#2f7d32;--series-4:#8a3aa8}
@media (prefers-color-scheme:dark){svg{--ink:#e9ebed;--soft:#a9b0b7;--strong:#767d85;--line:#3a3f44;--ground:#191c1f;--tint:#24282c;--held:#c07a1c;--fault:#ff7b72;--series-1:#6cb2ee;--series-2:#f0935a;--series-3:#7cc47f;--series-4:#cf9ae2}}`
