import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../files/atomic.js'
import { RECEIVER } from './siteIndex.js'

/**
 * Writes a file of the site: a script that passes a value to the page. A page opened from disk can load scripts, but
 * cannot use `fetch`. The script parses the value from JSON text, because a JavaScript literal with the key `__proto__`
 * would set the prototype.
 * @param key path below the site's folder, without the extension. It is not escaped, so it may contain only numbers and
 * words that this program chooses.
 */
export async function writeSiteFile(site: string, key: string, value: unknown): Promise<void> {
  // JSON contains many double quotes, so fewer characters need an escape in a literal with single quotes.
  const text = JSON.stringify(value).replace(/[\\']/g, '\\$&')
  await writeFileAtomic(join(site, `${key}.js`), `${RECEIVER}('${key}',JSON.parse('${text}'))\n`)
}

/** Reads the value from a file of the site. */
export async function readSiteFile(site: string, key: string): Promise<unknown> {
  const script = await readFile(join(site, `${key}.js`), 'utf8')
  return JSON.parse(script.replace(/^.*?JSON\.parse\('|'\)\)\n$/g, '').replace(/\\(.)/g, '$1'))
}
