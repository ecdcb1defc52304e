import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { RECEIVER } from './siteIndex.js'

/**
 * Writes a file of the site: a script that passes its value to the page. A page from disk can load scripts, but cannot
 * use fetch. The value is parsed as JSON, because `__proto__` in a JavaScript literal would set the prototype.
 * @param key path of the file below the site's folder, without extension. It must consist of numbers and of words that
 * this program chooses, because it is not escaped.
 */
export async function writeSiteFile(site: string, key: string, value: unknown): Promise<void> {
  // JSON contains many double quotes, so a literal in single quotes needs few additional escapes.
  const text = JSON.stringify(value).replace(/[\\']/g, '\\$&')
  await writeFileAtomic(join(site, `${key}.js`), `${RECEIVER}('${key}',JSON.parse('${text}'))\n`)
}
