import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A tmpfs of `options` mounted on a folder while `use` runs; false if mounting is not allowed here. */
export async function onTmpfs(folder: string, options: string, use: () => Promise<void>): Promise<boolean> {
  mkdirSync(folder, { recursive: true })
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status !== 0) return false
  try {
    await use()
  } finally {
    execFileSync('umount', [folder])
  }
  return true
}
