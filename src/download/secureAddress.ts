export function isSecure(address: URL): boolean {
  if (address.protocol === 'https:') return true
  return address.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(address.hostname)
}
