import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A fresh folder for each test of the file, removed after it. The returned function names a path inside. */
export function temporaryFolder(): (...way: readonly string[]) => string {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  return (...way) => join(folder, ...way)
}
