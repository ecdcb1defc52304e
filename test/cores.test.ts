import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { availableCores } from '../src/support/machine.js'
import { temporaryFolder } from './support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** A root folder as Linux has it, with files by their paths. */
function rootWith(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(inFolder(path)), { recursive: true })
    writeFileSync(inFolder(path), text)
  }
  return `${inFolder()}/`
}

describe('cores that may be used', () => {
  const all = availableParallelism()

  it('are those of the job, where that has fewer than the machine', () => {
    const root = rootWith({})
    expect(availableCores({}, root)).toBe(all)
    expect(availableCores({ SLURM_CPUS_PER_TASK: '1' }, root)).toBe(1)
    expect(availableCores({ SLURM_CPUS_PER_TASK: '9999' }, root)).toBe(all)
    for (const text of ['', '0', '-1', 'two', '1.5'])
      expect(availableCores({ SLURM_CPUS_PER_TASK: text }, root)).toBe(all)
  })

  it('are no more than the control group and those above it have time for', () => {
    const group = { 'proc/self/cgroup': '0::/job/step\n' }
    expect(availableCores({}, rootWith({ ...group, 'sys/fs/cgroup/job/step/cpu.max': 'max 100000\n' }))).toBe(all)
    expect(availableCores({}, rootWith({ 'sys/fs/cgroup/job/cpu.max': '50000 100000\n' }))).toBe(1)
    expect(availableCores({}, rootWith({ 'sys/fs/cgroup/job/cpu.max': '110000 100000\n' }))).toBe(Math.min(all, 2))
  })
})
