import { join } from 'node:path'
import { writeFileAtomic } from '../../files/atomic.js'
import { findingsMarkdown } from './document.js'
import type { ClaimFinding } from './findings.js'

/** Writes findings.md and findings.json into a results folder. */
export async function writeFindings(results: string, findings: readonly ClaimFinding[]): Promise<void> {
  await writeFileAtomic(join(results, 'findings.md'), findingsMarkdown(findings))
  await writeFileAtomic(join(results, 'findings.json'), `${JSON.stringify(findings, null, 2)}\n`)
}
