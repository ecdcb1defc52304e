import { isIP } from 'node:net'
import { NetworkError, UsageError } from '../errors.js'

/**
 * The only hosts that files may be requested from; a redirect to another host is an error. Used for URLs that the user
 * did not write, such as those in an annotation file.
 */
export interface AllowedHosts {
  /** Host names, as `hostName` returns them. */
  readonly names: readonly string[]
  /** Name of the option that allows one more host, for error messages. */
  readonly option: string
}

/**
 * Returns a host name in the form that URLs have, such as `[::1]` for `::1`.
 * @throws UsageError if the text is not a host name or IP address, such as a full URL or a host with a port
 */
export function hostName(text: string, option: string): string {
  const address = `http://${isIP(text) === 6 ? `[${text}]` : text}/`
  const { href, hostname } = URL.canParse(address) ? new URL(address) : { href: '', hostname: '' }
  if (href === `http://${hostname}/`) return hostname
  throw UsageError.of`"${text}" is not a host name; give it without http:// and without a port, as in \`${option} example.org\``
}

export function checkHost({ hostname }: URL, { names, option }: AllowedHosts, from?: URL): void {
  if (names.includes(hostname)) return
  const subject = from === undefined ? hostname : `${from} redirects to ${hostname}, which`
  throw NetworkError.of`${subject} is not an allowed host (allow it with \`${option} ${hostname}\`)`
}
