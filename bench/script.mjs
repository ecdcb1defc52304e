/**
 * Shared functions of this folder's scripts that time single operations: arguments, the GPU, errors and bandwidths.
 */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../dist/errors.js'
import { namedCard } from '../dist/experiments/maps/card.js'
import { cosineSimilarity } from '../dist/native.js'
import { secondsOf } from '../dist/support/stopwatch.js'

/**
 * Runs a script with its arguments. Prints errors of Shiftscope in one line, with the exit status of the command line.
 *
 * @param {import('node:util').ParseArgsConfig} config the script's options
 * @param {(given: { values: any, positionals: string[] }) => Promise<void>} main
 */
export async function runScript(config, main) {
  try {
    await main(parseArgs(config))
  } catch (error) {
    const isWrongUse = error.code?.startsWith('ERR_PARSE_ARGS')
    if (error.exitStatus === undefined && !isWrongUse) throw error
    const message = error.message.replaceAll(/`(device \S+)`/g, '--$1')
    console.error(`${basename(process.argv[1])}: ${message}`)
    process.exitCode = isWrongUse ? 2 : error.exitStatus
  }
}

export function wholeNumber(text) {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${text} is not a whole number of at least 1`)
  return Number(text)
}

export function wholeNumbers(text) {
  return text.split(',').map(wholeNumber)
}

/** The GPU to time in addition to the processor, from `cuda` or `cuda:INDEX`; undefined for `cpu`. */
export function cardBeside(device) {
  if (device === 'auto')
    throw new UsageError('device auto: the processor is always timed; to time a GPU, too, use cuda or cuda:INDEX')
  return namedCard(device)
}

/** Bytes per second that the C library's memset writes, the fastest way to write. */
export async function writeBandwidth({ buffer }) {
  return buffer.byteLength / (await secondsOf(async () => Buffer.from(buffer).fill(1)))
}

/** Bytes per second that these threads read while they compute the norms of features (one multiply-add per float). */
export async function readBandwidth(features, rows, dims, threads) {
  const work = { features, rows, dims, anchors: new Float32Array(0), anchorCount: 0, threads }
  // The call fails if a row has the norm 0, but only after it has read all rows.
  const read = () => cosineSimilarity(work).catch(() => undefined)
  return features.byteLength / (await secondsOf(read))
}

export function gigabytes(bytes) {
  return (bytes / 1e9).toFixed(1)
}
