/** Whether a file, in the version that it has now, is one that nobody has changed for a while. */
export type IsSilent = (path: string, version: string | number) => boolean

/**
 * Watches files that others change as long as they live. A file is silent if it has not changed for so many seconds between looks
 * of this process, by its own monotonic clock: dates of files and clocks of machines may be wrong or set.
 * The first look at a file and the first after a change begin anew.
 */
export function watchSilence(seconds: number): IsSilent {
  const seen = new Map<string, { readonly version: string | number; readonly since: number }>()
  return (path, version) => {
    const before = seen.get(path)
    if (before?.version === version) return performance.now() - before.since >= seconds * 1000
    seen.set(path, { version, since: performance.now() })
    return false
  }
}
