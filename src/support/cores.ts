import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Processor cores that this process may use: those that it is bound to, no more than its control group has time for, nor than
 * its job was given.
 */
export function availableCores(environment: NodeJS.ProcessEnv = process.env, root = '/'): number {
  const given = Number(environment.SLURM_CPUS_PER_TASK)
  const ofJob = Number.isInteger(given) && given > 0 ? given : Number.POSITIVE_INFINITY
  return Math.max(1, Math.min(availableParallelism(), ofJob, Math.ceil(quota(root))))
}

/** Cores' time that the control group of this process and those above it have. Reference: Linux, cgroup-v2.rst, `cpu.max`. */
function quota(root: string): number {
  const [, path = ''] = /^0::(\/.*)$/m.exec(textOf(`${root}proc/self/cgroup`)) ?? []
  const parts = path.split('/').filter((part) => part !== '')
  const quotas = Array.from({ length: parts.length + 1 }, (_, depth) => {
    const folder = [`${root}sys/fs/cgroup`, ...parts.slice(0, depth)].join('/')
    const [time = '', period = ''] = textOf(`${folder}/cpu.max`).split(' ')
    const cores = Number(time) / Number(period)
    return cores > 0 ? cores : Number.POSITIVE_INFINITY
  })
  return Math.min(...quotas)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
