import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    readonly goldenStudy: string
  }
}

/** Gives the whole run one folder for the golden study, which the first test that needs it fills, and removes it in the end. */
export default function keepGoldenStudy(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'shiftscope-golden-'))
  project.provide('goldenStudy', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
