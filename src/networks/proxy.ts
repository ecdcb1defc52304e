import { UsageError } from '../errors.js'
import { isSecure } from './weightsOrigin.js'

/**
 * The proxy through which an https address is reached: $https_proxy, else $all_proxy, in small letters or capitals,
 * unless the address is exempt by $no_proxy. Http within this machine takes no proxy; other http addresses take
 * $http_proxy (in small letters alone, as in curl), else $all_proxy.
 *
 * @throws UsageError when the variable holds anything but the address of an http or https proxy
 */
export function proxyFor(address: URL, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()] || ''
  const isHttps = address.protocol === 'https:'
  if ((!isHttps && isSecure(address)) || isExempt(address, variable('no_proxy'))) return undefined
  const value = (isHttps ? variable('https_proxy') : environment.http_proxy) || variable('all_proxy')
  if (value === '') return undefined
  const text = value.includes('://') ? value : `http://${value}`
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  throw new UsageError('HTTPS_PROXY or ALL_PROXY is not an http:// or https:// proxy; set it to one, or leave it empty')
}

/**
 * Whether a list such as "example.org,.local,[::1]:8443" covers an address, as curl reads it: a name covers itself and
 * all names below it, "*" covers everything.
 */
function isExempt(address: URL, list: string): boolean {
  const host = withoutBrackets(address.hostname)
  const port = address.port || '443'
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((item) => item !== '')
    .some((item) => {
      if (item === '*') return true
      const parts = /^(\[.*\]|[^:]*):(\d+)$/.exec(item)
      if (parts !== null && parts[2] !== port) return false
      const name = withoutBrackets(parts?.[1] ?? item).replace(/^\*?\./, '')
      return host === name || host.endsWith(`.${name}`)
    })
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}
