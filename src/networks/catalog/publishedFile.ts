import { resolve } from 'node:path'
import { isSecure } from '../../download/secureAddress.js'
import { UsageError } from '../../errors.js'
import type { WeightsSource } from './catalog.js'

export function publishedName(source: WeightsSource): string {
  if (source.name !== undefined) return source.name
  return decodeURIComponent(new URL(source.url).pathname.split('/').at(-1)!)
}

/** URL or local path to fetch a published file from: its own URL, or the file of the same name at a mirror. */
export function originOf(source: WeightsSource, mirror?: string): URL | string {
  if (mirror === undefined) return secure(new URL(source.url), source.url)
  const name = publishedName(source)
  if (!mirror.includes('://')) return resolve(mirror, name)
  if (!URL.canParse(mirror)) throw new UsageError(`the mirror ${mirror} is not an address; ${MIRRORS}`)
  const base = new URL(mirror)
  if (base.username !== '' || base.password !== '')
    throw new UsageError(
      `the mirror’s address contains a user name or password for ${base.host}, which would not be sent; ${MIRRORS}`,
    )
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/${encodeURIComponent(name)}`
  return secure(base, mirror)
}

const MIRRORS = 'give an https:// address, http://localhost, or a folder'

function secure(address: URL, text: string): URL {
  if (isSecure(address)) return address
  throw new UsageError(`${text} is not encrypted; ${MIRRORS}`)
}
