import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'

type PathInside = (...way: readonly string[]) => string

/** A fresh folder for each test, removed after it. The returned function names a path inside. */
export function temporaryFolder(): PathInside {
  return folderBetween(beforeEach, afterEach)
}

/** A fresh folder for all tests of the file or `describe` that calls this, removed after them. */
export function sharedFolder(): PathInside {
  return folderBetween(beforeAll, afterAll)
}

/** A fresh folder that the caller removes. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
}

function folderBetween(before: typeof beforeAll, after: typeof afterAll): PathInside {
  let folder = ''
  before(() => {
    folder = makeFolder()
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  return (...way) => join(folder, ...way)
}
