import { isIP } from 'node:net'
import { NetworkError, UsageError } from '../errors.js'

/**
 * The hosts that Shiftscope may request a file from, and that may redirect to one another. They apply if the file's
 * address comes from somebody else, such as an annotation file.
 */
export interface AllowedHosts {
  /** In the form that `hostName` returns. */
  readonly names: readonly string[]
  /** The option that adds one, for messages. */
  readonly option: string
}

/**
 * A host as URLs write it.
 * @param text a name, or an address of IPv4 or IPv6
 * @param option that it was given with, for the message
 * @throws UsageError if it is anything else, such as a whole address or a host with a port
 */
export function hostName(text: string, option: string): string {
  const address = `http://${isIP(text) === 6 ? `[${text}]` : text}/`
  const { href, hostname } = URL.canParse(address) ? new URL(address) : { href: '', hostname: '' }
  if (href === `http://${hostname}/`) return hostname
  throw new UsageError(`"${text}" is not the name of a host; use \`${option} example.org\`, without http:// and port`)
}

/**
 * @param from the address that redirected to this one, for the message
 * @throws NetworkError if the address's host is not allowed
 */
export function checkHost({ hostname }: URL, { names, option }: AllowedHosts, from?: URL): void {
  if (names.includes(hostname)) return
  const subject = from === undefined ? hostname : `${from} redirects to ${hostname}, which`
  throw new NetworkError(`${subject} is asked only if you allow it with \`${option} ${hostname}\``)
}
