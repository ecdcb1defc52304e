import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { thisOwner } from '../../../src/files/owner.js'
import { lastReport, readRun, writeRunFile } from '../../../src/study/runFile.js'
import { studyStatus } from '../../../src/study/status.js'
import { disturb, documentText } from '../documents.js'
import type { Random } from '../random.js'
import { placeFiles, type Reader } from '../reader.js'

/** run.json of a results folder, and the locks of its units, as `status` and the next run take them. */
export const runs: Reader = {
  name: 'runs',
  readsBeyondEnds: true,
  open: (results) => {
    mkdirSync(join(results, '.locks'))
    const path = join(results, 'run.json')
    const owner = thisOwner()
    return {
      draw: (random) => ({
        kind: 'run',
        files: {
          'run.json': documentText(disturb(drawRun(random), random), random),
          '.locks/alexnet 125 dog~0': documentText(disturb(drawLock(random), random), random),
        },
      }),
      read: async (drawn) => {
        placeFiles(results, drawn)
        await lastReport(path)
        const status = await studyStatus(results)
        const faults = Object.values(status.units).every((count) => Number.isInteger(count) && count >= 0)
        await writeRunFile(path, { process: owner, settings: {}, computed: 1 })
        const { process } = await readRun(path)
        return faults && process?.id === owner.id ? [] : [`status ${JSON.stringify(status)}`]
      },
    }
  },
}

/** Of a process that is gone, or of the first one, which never is; machines are others. */
function drawOwner(random: Random): object {
  return { id: '0123456789abcdef', host: 'node1', machine: 'node1 0 0', pid: 1 + random.below(99_999), started: '1' }
}

export function drawRun(random: Random): Record<string, unknown> {
  const planned = () => ({ model: 'alexnet', size: 125, images: 100, patches: random.several(3, (i) => `patch ${i}`) })
  const run = () => ({
    shiftscope: '0.1.0',
    process: drawOwner(random),
    settings: { alexnet: { workers: 2, threads: 1, batch: 8, imagesPerSecond: 20.5 } },
    computed: random.below(3),
    started: '2026-01-01T00:00:00.000Z',
    finished: random.chance(0.5) ? '2026-01-01T00:00:00.000Z' : null,
    report: random.chance(0.5) ? 'stamp' : null,
    planned: [planned()],
  })
  return { ...run(), ...(random.chance(0.5) && { earlier: random.several(3, run) }) }
}

export function drawLock(random: Random): Record<string, unknown> {
  const state = { unit: 'alexnet 125 dog', since: '2026-01-01T00:00:00.000Z', images: 100, seconds: 10 }
  return { owner: drawOwner(random), state: random.chance(0.9) ? state : null }
}
