import { createReadStream } from 'node:fs'
import { open, truncate } from 'node:fs/promises'
import { InputError, RUN_AGAIN, throwIfStopped } from '../errors.js'
import { withFile } from '../files/openFile.js'
import type { Progress } from '../progress.js'
import { counted } from '../support/text.js'
import { beginPart, type FileVersion, partLength, partVersion } from './part.js'
import { connectionError, type FileRequest, type FileResponse, requestFile } from './request.js'

export interface DownloadOptions extends Omit<FileRequest, 'headers'> {
  /** Size that the file must have, in bytes; null if unknown. */
  readonly bytes: number | null
  /** Largest size to accept, in bytes; by default 2 GiB if the size is not known in advance, otherwise unlimited. */
  readonly mostBytes?: number | undefined
  readonly label: string
  readonly progress: Progress
}

const MOST_BYTES = 2 ** 31

/**
 * Downloads a file into the partial file `part`. If the server still has the version that the part was taken from, the
 * download resumes where it stopped; otherwise it starts again. The If-Range header (with the ETag or date) and the
 * file's size tell whether the version is the same. A version that no header can name is not resumed. After an error, a
 * later call can resume the download.
 * @throws NetworkError if the server cannot be reached, refuses, or sends nothing for too long
 * @throws InputError if the file has the wrong size
 */
export async function download(address: URL, part: string, options: DownloadOptions): Promise<void> {
  const version = await partVersion(part)
  const present = version === undefined || !isNameable(version) ? 0 : await partLength(part)
  const have = present > (options.mostBytes ?? present) ? 0 : present
  if (have > 0 && have === (options.bytes ?? version?.bytes)) return
  const headers = rangeHeaders(have, version)
  const response = await requestFile(address, { ...options, headers })
  try {
    const offered = offeredVersion(response)
    requireSize(String(address), offered.bytes, options)
    const continues =
      response.status === 206 && version !== undefined && isContinuation(response, have, version, offered)
    if (!continues) await beginPart(part, offered)
    if (response.status === 200 || continues) {
      const from = continues ? have : 0
      const total = offered.bytes ?? options.bytes
      const end = await append(response.body, part, {
        ...options,
        from,
        total,
        most: Math.min(total ?? MOST_BYTES, options.mostBytes ?? Number.POSITIVE_INFINITY),
      })
      if (offered.bytes !== null && end < offered.bytes)
        throw connectionError(address, Object.assign(new Error('cut'), { code: 'ECONNRESET' }))
      // If the server states no size, a file that was cut off looks complete. So its length is compared with the
      // expected size here. If that size is unknown, too, the later check of the file's contents finds the fault.
      if (options.bytes !== null && end !== options.bytes) await truncate(part)
      requireSize(String(address), end, options)
      return
    }
  } finally {
    await response.close()
  }
  // The server has a newer version of the file than the one that was partly downloaded. The part has been emptied, so
  // the whole file is requested now.
  await download(address, part, options)
}

export async function copyFrom(file: string, part: string, options: DownloadOptions): Promise<void> {
  const bytes = await withFile(file, ({ size }) => size)
  requireSize(file, bytes, options)
  await beginPart(part, { etag: null, lastModified: null, bytes })
  await append(piecesOf(file), part, { ...options, from: 0, total: bytes, most: bytes })
}

async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 20 })
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function requireSize(
  from: string,
  bytes: number | null,
  { bytes: expected, mostBytes, elsewhere }: DownloadOptions,
): void {
  if (bytes !== null && mostBytes !== undefined && bytes > mostBytes)
    throw InputError.of`${from} has ${bytes} bytes, more than the limit of ${mostBytes}; use ${elsewhere}`
  if (bytes === null || expected === null || bytes === expected) return
  throw InputError.of`${from} has ${counted(bytes, 'byte')} instead of ${expected}, so it is not the expected file; use ${elsewhere}`
}

/**
 * Whether a request can name the version. A client does not send other characters, and decoding may have changed them,
 * so that different versions look the same.
 */
function isNameable({ etag, lastModified }: FileVersion): boolean {
  return /^[\x20-\x7e]*$/.test(`${etag ?? ''}${lastModified ?? ''}`)
}

function rangeHeaders(have: number, version: FileVersion | undefined): Readonly<Record<string, string>> {
  if (have === 0 || version === undefined) return {}
  const { etag, lastModified } = version
  // Files with equal weak ETags may differ in some bytes, so a weak ETag is not used as the condition.
  const condition = etag !== null && !etag.startsWith('W/') ? etag : lastModified
  return { range: `bytes=${have}-`, ...(condition === null ? {} : { 'if-range': condition }) }
}

function offeredVersion({ status, header }: FileResponse): FileVersion {
  const whole = status === 200 ? header('content-length') : /\/(\d+)$/.exec(header('content-range') ?? '')?.[1]
  return { etag: header('etag'), lastModified: header('last-modified'), bytes: whole ? Number(whole) : null }
}

/** Some servers ignore If-Range, so size, ETag and date are compared here, too. */
function isContinuation({ header }: FileResponse, have: number, before: FileVersion, now: FileVersion): boolean {
  const start = /^bytes (\d+)-/.exec(header('content-range') ?? '')?.[1]
  const same = <T>(a: T | null, b: T | null) => a === null || b === null || a === b
  return (
    Number(start) === have &&
    before.bytes === now.bytes &&
    same(before.etag, now.etag) &&
    same(before.lastModified, now.lastModified)
  )
}

interface Append extends DownloadOptions {
  /** Number of bytes that the part already holds. */
  readonly from: number
  readonly total: number | null
  readonly most: number
}

/** Appends the received bytes to the part, and returns the part's new length in bytes. */
async function append(pieces: AsyncIterable<Uint8Array>, part: string, options: Append): Promise<number> {
  const { from, total, most, label, progress, signal } = options
  const file = await open(part, 'a')
  if (total !== null) progress.start(label, total, { unit: 'bytes', before: from })
  let done = from
  try {
    for await (const piece of pieces) {
      if (done + piece.byteLength > most) {
        await file.truncate(0)
        throw InputError.of`${label}: the server sends more than ${most} bytes, so this is not the expected file; ${RUN_AGAIN}`
      }
      await file.appendFile(piece)
      done += piece.byteLength
      throwIfStopped(signal)
      progress.update(done)
    }
    await file.sync()
  } finally {
    progress.stop()
    await file.close()
  }
  return done
}
