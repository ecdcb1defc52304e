import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { MiddlewareHandler } from 'hono'

export interface ServerPlace {
  readonly host: string
  readonly port: number
}

/** Whether an address can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Refuses requests that do not come from the page itself: requests for another host name (DNS rebinding), and requests
 * sent by other pages.
 */
export function fromOwnPage(place: () => ServerPlace): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? ''
    if (!isOwnHost(host, place()))
      return context.text('unknown host name; use the link that Shiftscope printed when it started\n', 403)
    const origin = context.req.header('origin')
    const site = context.req.header('sec-fetch-site')
    // Links from any page are allowed, because whoever wrote the link knew the secret in the page's address.
    const isLink = context.req.method === 'GET' && context.req.header('sec-fetch-mode') === 'navigate'
    const isOther = (site === 'cross-site' || site === 'same-site') && !isLink
    const isForeign = isOther || (origin !== undefined && origin !== `http://${host}`)
    if (isForeign) return context.text('requests from other pages are refused\n', 403)
    await next()
  }
}

function isOwnHost(header: string, { host, port }: ServerPlace): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(header)
  if (match === null || Number(match[2] ?? 80) !== port) return false
  const name = match[1]!.replace(/^\[|\]$/g, '').toLowerCase()
  if (isLoopback(name) || name === host.toLowerCase()) return true
  // If other machines may reach the server, their requests contain its IP address or its host name.
  return !isLoopback(host) && (isIP(name) !== 0 || name === hostname().toLowerCase())
}

/** Compares secrets in constant time, so that the time reveals nothing about them. */
export function isSecret(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}
