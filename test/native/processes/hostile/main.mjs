/**
 * Calls the addon as no program should, in this process: wrong types, huge counts, getters that throw or take arrays
 * away, memory that others write to, threads and processes that end in the middle of a job.
 *
 *     node --expose-gc test/native/processes/hostile/main.mjs --seed 1 --calls 1000 --verbose
 *
 * Whatever is called gives a value or an Error of one line. Calls depend on the seed alone, but not how threads meet.
 */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { arraysIn, calls, defineTrap, thrown } from './calls.mjs'
import { endings } from './endings.mjs'
import { anything, randomOf, scribbled } from './values.mjs'

const CALLS_IN_FLIGHT = 12
const STOP_MILLISECONDS = 200
const HANG_MILLISECONDS = 30_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    calls: { type: 'string' },
    addon: { type: 'string' },
    verbose: { type: 'boolean' },
  },
})
const seed = Number(values.seed ?? 1)
const random = randomOf(seed)
const built = fileURLToPath(new URL('../../../../native/build/Release/shiftscope.node', import.meta.url))
const addonPath = resolve(values.addon ?? built)
const addon = createRequire(import.meta.url)(addonPath)
const names = Object.keys(calls)
const counts = { fulfilled: 0, refused: 0 }

function fail(what) {
  console.error(`seed ${seed}: ${what}`)
  process.exit(1)
}

/** Spoils the arguments of a call in place. */
function spoil(args) {
  const arrays = arraysIn(args)
  const traps = []
  for (let times = random.below(3); times > 0 && args.length > 0; times--) {
    const at = random.below(args.length)
    const options = args[at]
    if (typeof options !== 'object' || options === null || ArrayBuffer.isView(options) || random.chance(0.1)) {
      args[at] = anything(random)
      continue
    }
    const nested = Object.values(options).filter((value) => value?.constructor === Object || Array.isArray(value))
    const object = random.chance(0.3) && nested.length > 0 ? random.pick(nested) : options
    const key = random.pick(Object.keys(object))
    if (key === undefined || !Object.getOwnPropertyDescriptor(object, key)?.writable) continue
    if (random.chance(0.4)) traps.push([object, key])
    else object[key] = anything(random)
  }
  for (const [object, key] of traps) defineTrap(random, object, key, arrays)
  if (random.chance(0.02)) args.length = random.below(args.length + 1)
}

function checkRefusal(name, error) {
  counts.refused++
  if (error === thrown) return
  if (!(error instanceof Error) || /[\r\n]/.test(error.message) || error.message === '') {
    fail(`${name} ended with ${error instanceof Error ? JSON.stringify(error.message) : String(error)}`)
  }
}

/** Ends a training that was asked for too much, and fails for what does not end then. */
async function settled(name, promise, stop) {
  const timers = [
    setTimeout(() => stop instanceof Int32Array && stop.length > 0 && Atomics.store(stop, 0, 1), STOP_MILLISECONDS),
    setTimeout(() => fail(`${name} hangs`), HANG_MILLISECONDS),
  ]
  try {
    await promise
    counts.fulfilled++
  } catch (error) {
    checkRefusal(name, error)
  } finally {
    timers.forEach(clearTimeout)
  }
}

async function callOnce(number) {
  const name = random.pick(names)
  const { args, call } = calls[name](random, addon)
  const { stop } = args[0] ?? {}
  spoil(args)
  if (values.verbose) console.log(number, name, args)
  try {
    await settled(name, call(...args), stop)
  } catch (error) {
    checkRefusal(name, error)
  }
}

const writer = new Worker(new URL('./writer.mjs', import.meta.url), { workerData: scribbled })
writer.on('error', (error) => fail(`the writer ended with ${error.message}`))
await new Promise((resolve) => writer.once('online', resolve))
let number = 0
const lanes = Array.from({ length: CALLS_IN_FLIGHT }, async () => {
  while (number < Number(values.calls ?? 1000)) await callOnce(number++)
})
await Promise.all(lanes)
await writer.terminate()
console.log(`${counts.fulfilled} fulfilled, ${counts.refused} refused`)
await endings(random, addonPath)
