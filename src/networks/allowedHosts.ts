import { isIP } from 'node:net'
import { NetworkError, UsageError } from '../errors.js'

/**
 * The only hosts from which files may be requested, also after redirects. This is for URLs that come from somebody
 * else, as in an annotation file.
 */
export interface AllowedHosts {
  /** Host names, as `hostName` returns them. */
  readonly names: readonly string[]
  /** Name of the option that allows one more host, for error messages. */
  readonly option: string
}

/**
 * Returns a host as URLs write it.
 * @throws UsageError for anything but a host name or an IPv4 or IPv6 address, such as a full URL or a host with a port
 */
export function hostName(text: string, option: string): string {
  const address = `http://${isIP(text) === 6 ? `[${text}]` : text}/`
  const { href, hostname } = URL.canParse(address) ? new URL(address) : { href: '', hostname: '' }
  if (href === `http://${hostname}/`) return hostname
  throw new UsageError(
    `"${text}" is not a host name; give it without http:// and without a port, as in \`${option} example.org\``,
  )
}

export function checkHost({ hostname }: URL, { names, option }: AllowedHosts, from?: URL): void {
  if (names.includes(hostname)) return
  const subject = from === undefined ? hostname : `${from} redirects to ${hostname}, which`
  throw new NetworkError(`${subject} is not an allowed host (allow it with \`${option} ${hostname}\`)`)
}
