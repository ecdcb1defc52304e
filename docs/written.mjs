/** Functions of the scripts that write numbers and pictures into the docs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomNumbers } from '../dist/support/randomNumbers.js'

/** The results of a document in bench/results. */
export function resultsOf(name) {
  return JSON.parse(readFileSync(new URL(`../bench/results/${name}.json`, import.meta.url), 'utf8')).results
}

/**
 * Writes text between each pair of comments `NAME of SOURCE` and `end of NAME` of a page. A table is also written
 * as docs/tables/SOURCE-NAME.csv (without `.json`), with a link. With `--check`, only says which files have another content.
 * @param sections functions that return the text, or a table, by SOURCE and NAME
 * @param pictures content of further files, by URL
 */
export function writePage(page, sections, pictures, script) {
  const files = [...pictures]
  let text = readFileSync(page, 'utf8')
  for (const [source, makers] of Object.entries(sections))
    for (const [name, make] of Object.entries(makers)) {
      const between = new RegExp(`(<!-- ${name} of ${source} -->)[\\s\\S]*?(<!-- end of ${name} -->)`)
      if (!between.test(text)) throw new Error(`no comments "${name} of ${source}" in ${page.pathname}`)
      const made = make()
      const table = `tables/${source.replace('.json', '')}-${name}.csv`
      const words = typeof made === 'string' ? made : `${markdown(made)}\n\n[CSV](${table})`
      text = text.replace(between, (_, begin, end) => `${begin}\n${words}\n${end}`)
      if (typeof made !== 'string') files.push([new URL(table, import.meta.url), csv(made)])
    }
  writeAll([[page, text], ...files], script)
}

function writeAll(files, script) {
  const isCheck = process.argv.includes('--check')
  mkdirSync(new URL('tables', import.meta.url), { recursive: true })
  const stale = files.filter(([file, content]) => {
    if (!isCheck) writeFileSync(file, content)
    return isCheck && (!existsSync(file) || readFileSync(file, 'utf8') !== content)
  })
  if (stale.length === 0) return
  console.error(`${stale.map(([file]) => file.pathname).join(', ')}: run node docs/${script}`)
  process.exitCode = 1
}

/** @param table its head, and its rows of as many cells */
export function markdown({ head, rows }) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function csv({ head, rows }) {
  const cell = (value) => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
  return `${[head, ...rows].map((cells) => cells.map(String).map(cell).join(',')).join('\n')}\n`
}

/** Number of times that photographs are drawn with replacement. */
const DRAWS = 10_000

/** Interval that contains 95 % of what `statistic` returns for photographs that are drawn with replacement. */
export function intervalOf(count, statistic) {
  const random = randomNumbers(0)
  const drawn = Float64Array.from({ length: DRAWS }, () =>
    statistic(Array.from({ length: count }, () => Math.floor(random() * count))),
  ).sort()
  return [quantile(drawn, 0.025), quantile(drawn, 0.975)]
}

/** Interpolates linearly between the two nearest of the sorted values. */
function quantile(sorted, share) {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return below + (at - Math.floor(at)) * (above - below)
}

/** Colours of the page, which an SVG outside of it does not have. */
export const PICTURE_STYLE = `svg{--ink:#1a1c1f;--soft:#5a6068;--strong:#8b9096;--line:#dcddd9;--ground:#fff;--tint:#f5f5f2;--held:#f2a33a;--fault:#c92a2a;--series-1:#0b5fa5;--series-2:#b54a09;--series-3:#2f7d32;--series-4:#8a3aa8}
@media (prefers-color-scheme:dark){svg{--ink:#e9ebed;--soft:#a9b0b7;--strong:#767d85;--line:#3a3f44;--ground:#191c1f;--tint:#24282c;--held:#c07a1c;--fault:#ff7b72;--series-1:#6cb2ee;--series-2:#f0935a;--series-3:#7cc47f;--series-4:#cf9ae2}}`
