import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { NetworkError, UsageError } from '../errors.js'

/** The hosts that may be asked for a file whose address somebody else wrote, and may redirect to one another. */
export interface AllowedHosts {
  /** Public ones, asked only at public addresses: their names must not lead into a local network. */
  readonly known: readonly string[]
  /** Those that the user named, as `hostName` gives them, wherever they are. */
  readonly named: readonly string[]
  /** The option that names them, for messages. */
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
 * @param from the address that redirected there, for the message
 * @throws NetworkError if the address's host may not be asked
 */
export function checkHost({ hostname }: URL, { known, named, option }: AllowedHosts, from?: URL): void {
  if (known.includes(hostname) || named.includes(hostname)) return
  const subject = from === undefined ? hostname : `${from} redirects to ${hostname}, which`
  throw new NetworkError(`${subject} is not asked unless it is named with \`${option} ${hostname}\``)
}

/**
 * How a connection looks the host's name up: as always for hosts that were named; for others addresses that are not public
 * end it, whatever the name.
 */
export function lookupFor({ hostname }: URL, { named, option }: AllowedHosts): LookupFunction {
  if (named.includes(hostname)) return lookup
  return (name, options, callback) => {
    lookup(name, options, (error, address, family) => {
      const found = typeof address === 'string' ? [address] : (address ?? []).map((each) => each.address)
      const local = error === null ? found.find((each) => !isPublic(each)) : undefined
      if (local === undefined) return callback(error, address, family)
      const refusal = new NetworkError(
        `${name} has the address ${local}, of this machine or a local network, and is not asked unless it is named with \`${option} ${name}\``,
      )
      callback(refusal, address, family)
    })
  }
}

/** Reference: the special-purpose address registries of IANA (RFC 6890), what is not globally reachable, and multicast. */
const NOT_PUBLIC: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 96],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
]

const notPublic = new BlockList()
for (const [net, prefix] of NOT_PUBLIC) notPublic.addSubnet(net, prefix, familyOf(net))

/** Whether an address is reached over the public internet, and not one of this machine or a local network. */
export function isPublic(address: string): boolean {
  const [plain] = address.split('%') as [string]
  // Addresses of IPv4 that are mapped into IPv6 are compared with those of IPv4.
  return !notPublic.check(plain, familyOf(plain))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
