import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { submitSlurm } from '../../../src/cluster/submit.js'
import { oddText } from '../documents.js'
import type { Random } from '../random.js'
import { type FuzzCase, placeFiles, type Reader } from '../reader.js'

/** What sbatch answers: a program of that name says what the case holds. */
export const slurm: Reader = {
  name: 'slurm',
  isExpensive: true,
  open: (folder) => {
    const script = '#!/bin/sh\n/bin/cat said.txt\n/bin/cat complained.txt >&2\nexit $(/bin/cat status.txt)\n'
    writeFileSync(join(folder, 'sbatch'), script, { mode: 0o755 })
    const path = process.env.PATH
    process.env.PATH = folder
    const study = { models: ['tiny-alexnet'], patches: 'dog', out: join(folder, 'results') }
    return {
      draw: drawAnswer,
      read: async (drawn) => {
        placeFiles(folder, drawn)
        const { jobs } = await submitSlurm({ tasks: 2, minutes: 10, study })
        return jobs !== null && /^\d+$/.test(jobs.array) ? [] : [`job ${jobs?.array}`]
      },
      close: () => {
        process.env.PATH = path
      },
    }
  },
}

function drawAnswer(random: Random): FuzzCase {
  const number = random.chance(0.8) ? `${random.below(99_999)}` : random.pick(['', '-1', ' 7', 'x', '9'.repeat(500)])
  const complaint = random.chance(0.5)
    ? 'sbatch: error: Batch job submission failed: Invalid partition'
    : oddText(random)
  return {
    kind: 'sbatch',
    files: {
      'said.txt': `${number}${random.chance(0.2) ? ';cluster' : ''}${random.chance(0.1) ? oddText(random) : ''}\n`,
      'complained.txt': `${random.chance(0.2) ? `${oddText(random)}\n` : ''}${complaint}\n`,
      'status.txt': String(random.chance(0.6) ? 0 : random.below(256)),
    },
  }
}
