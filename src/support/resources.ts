import { ResourceError, ShiftscopeError } from '../errors.js'

/** What V8, Node, the addon and the libraries say when there is no memory for an array or a thread. */
const NO_MEMORY =
  /allocation failed|there is no memory for|invalid (typed array|array buffer) length|bad_alloc|out of memory|cannot allocate|creating thread/i

const NO_MEMORY_CODES: readonly string[] = ['ENOMEM', 'ERR_WORKER_INIT_FAILED', 'ERR_WORKER_OUT_OF_MEMORY']

/**
 * What is to be thrown where the system gave no memory or no file: a ResourceError.
 * @param work that failed, such as `cannot read dog.png`; by default the line says nothing of it
 * @returns undefined for every other error, and for what says it itself
 */
export function resourceError(error: unknown, work?: string): ResourceError | undefined {
  const cause = causeOf(error)
  return cause === undefined ? undefined : new ResourceError([work, cause].filter(Boolean).join(': '), { cause: error })
}

function causeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof ShiftscopeError) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (/\bE[MN]FILE\b/.test(`${code} ${error.message}`))
    return 'too many files are open; allow more (ulimit -n) and run the same command again'
  if (NO_MEMORY_CODES.includes(code ?? '') || NO_MEMORY.test(error.message))
    return `memory does not suffice (${error.message.split('\n')[0]}); allow more (ulimit -v), or make the work smaller: a larger \`stride\`, fewer \`layers\` or \`workers\``
  return undefined
}
