import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { RECEIVER } from './siteIndex.js'

/**
 * Writes a file of the site: a script that hands its value to the page. Scripts may be loaded from disk, where pages may
 * not fetch. The value is parsed as JSON, since in a literal of JavaScript a key `__proto__` would be no key.
 * @param key way of the file below the site's folder, without extension: numbers and words of this program's alone
 */
export async function writeSiteFile(site: string, key: string, value: unknown): Promise<void> {
  // In single quotes, JSON needs few escapes more.
  const text = JSON.stringify(value).replace(/[\\']/g, '\\$&')
  await writeFileAtomic(join(site, `${key}.js`), `${RECEIVER}('${key}',JSON.parse('${text}'))\n`)
}
