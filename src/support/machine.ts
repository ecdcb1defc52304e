import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { ResourceError, RUN_AGAIN, ShiftscopeError, words } from '../errors.js'
import type { Wording } from '../message.js'

/** Number of cores that this process may use, as limited by its CPU affinity, its cgroup and its Slurm job. */
export function availableCores(environment: NodeJS.ProcessEnv = process.env, root = '/'): number {
  const given = Number(environment.SLURM_CPUS_PER_TASK)
  const ofJob = Number.isInteger(given) && given > 0 ? given : Number.POSITIVE_INFINITY
  return Math.max(1, Math.min(availableParallelism(), ofJob, Math.ceil(quota(root))))
}

/**
 * Number of cores that this process's cgroup and the cgroups above it allow. Reference: Linux, cgroup-v2.rst,
 * `cpu.max`.
 */
function quota(root: string): number {
  const [, path = ''] = /^0::(\/.*)$/m.exec(systemText(`${root}proc/self/cgroup`)) ?? []
  const parts = path.split('/').filter((part) => part !== '')
  const quotas = Array.from({ length: parts.length + 1 }, (_, depth) => {
    const folder = [`${root}sys/fs/cgroup`, ...parts.slice(0, depth)].join('/')
    const [time = '', period = ''] = systemText(`${folder}/cpu.max`).split(' ')
    const cores = Number(time) / Number(period)
    return cores > 0 ? cores : Number.POSITIVE_INFINITY
  })
  return Math.min(...quotas)
}

/** Text of a file in /proc or /sys; empty if it cannot be read. */
export function systemText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Bytes of memory that this process may take: the machine's memory, or a container's limit if it is smaller. */
export function machineMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
}

/**
 * Pattern of the messages with which V8, Node, the addon and libraries report too little memory for an array or a
 * thread.
 */
const NO_MEMORY =
  /allocation failed|there is no memory for|invalid (typed array|array buffer) length|bad_alloc|out of memory|cannot allocate|creating thread/i

const NO_MEMORY_CODES: readonly string[] = ['ENOMEM', 'ERR_WORKER_INIT_FAILED', 'ERR_WORKER_OUT_OF_MEMORY']

/**
 * Returns the ResourceError to throw if memory ran out or too many files were open; undefined for every other error.
 * @param work the work that failed, for the message, such as `cannot read dog.png`
 */
export function resourceError(error: unknown, work?: string): ResourceError | undefined {
  const cause = causeOf(error)
  if (cause === undefined) return undefined
  return new ResourceError(work === undefined ? cause : words`${work}: ${cause}`, { cause: error })
}

function causeOf(error: unknown): Wording | undefined {
  if (!(error instanceof Error) || error instanceof ShiftscopeError) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (/\bE[MN]FILE\b/.test(`${code} ${error.message}`))
    return words`too many files are open; allow more (ulimit -n) and ${RUN_AGAIN}`
  if (NO_MEMORY_CODES.includes(code ?? '') || NO_MEMORY.test(error.message))
    return words`there is not enough memory (${error.message.split('\n')[0]}); allow more (ulimit -v), or make the work smaller: a larger \`stride\`, fewer \`layers\` or \`workers\``
  return undefined
}

/**
 * Sets environment variables for ONNX Runtime and CUDA, unless they are set already. It is called before these
 * libraries are first used, not on import, so that importing the package changes nothing.
 *
 * ONNX Runtime sends usage data to its makers unless this is forbidden before the first session is opened. Users'
 * computations are private, and a program that works offline must not try the network.
 *
 * CUDA numbers cards by speed unless this is changed before its first call. With PCI_BUS_ID, a card has the same number
 * in all processes of Shiftscope and in NVIDIA's tools.
 */
export function prepareEnvironment(): void {
  process.env.ORT_DISABLE_TELEMETRY ||= '1'
  process.env.CUDA_DEVICE_ORDER ||= 'PCI_BUS_ID'
}
