import { join } from 'node:path'
import { writeFileAtomic } from '../../files/atomic.js'
import { RECEIVER } from './receiver.js'

/**
 * Writes a file of the site: a script that hands its value to the page. Scripts may be loaded from disk, where pages may
 * not fetch. The value is parsed as JSON, since in a literal of JavaScript a key `__proto__` would be no key.
 * @param key way of the file below the site's folder, without extension: numbers and words of this program's alone
 */
export async function writeSiteFile(site: string, key: string, value: unknown): Promise<void> {
  const script = `${RECEIVER}(${embeddedJson(key)},JSON.parse(${embeddedJson(JSON.stringify(value))}))\n`
  await writeFileAtomic(join(site, `${key}.js`), script)
}

/** JSON that may stand in a script, inside HTML or alone: no end tag, no comment, no line break of JavaScript's. */
export function embeddedJson(value: unknown): string {
  const escapes: Record<string, string> = { '<': '\\u003c', '\u2028': '\\u2028', '\u2029': '\\u2029' }
  return JSON.stringify(value).replace(/[<\u2028\u2029]/g, (character) => escapes[character] as string)
}
