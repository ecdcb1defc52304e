/** A name from a file that is not trusted, short and without control characters, so that it can stand in a message. */
export function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean
}
