import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { InputError } from '../../errors.js'
import type { ByteRange } from './fileBytes.js'

/** Where the bytes of a stored zip entry lie in the file, and their CRC-32. */
export interface ZipEntry extends ByteRange {
  readonly name: string
  readonly crc32: number
}

const maximumEntries = 100_000

/**
 * Reads the central directory of a zip file whose entries are stored without compression, as PyTorch writes them.
 *
 * @returns the entries by name; each lies within the file
 * @throws InputError when it is not such a zip file, or damaged
 */
export async function readZipDirectory(path: string, fileLength: number): Promise<ReadonlyMap<string, ZipEntry>> {
  const entries = new Map<string, ZipEntry>()
  let zip: ZipFile | undefined
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: false })
    if (zip.entryCount > maximumEntries) throw new Error(`it has more than ${maximumEntries} entries`)
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw new Error(`entry ${entry.fileName} occurs twice`)
      entries.set(entry.fileName, await locate(zip, entry, fileLength))
    }
    return entries
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new InputError(`${path} is a damaged zip file (${cause}); download or copy it again`, { cause: error })
  } finally {
    zip?.close()
  }
}

/** The length of an entry's local header is not in the directory, so the header has to be read. */
async function locate(zip: ZipFile, entry: Entry, fileLength: number): Promise<ZipEntry> {
  if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
    throw new Error(`entry ${entry.fileName} is compressed or encrypted, which a PyTorch checkpoint never is`)
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
  if (fileDataStart + entry.uncompressedSize > fileLength)
    throw new Error(`entry ${entry.fileName} lies outside of the file`)
  return { name: entry.fileName, offset: fileDataStart, length: entry.uncompressedSize, crc32: entry.crc32 }
}
