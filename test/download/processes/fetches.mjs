/** Fetches a file: its address, and the place that it takes. */
import { existsSync, renameSync } from 'node:fs'

const { fetchFile } = await import('../../../dist/download/fetchFile.js')
const { silent } = await import('../../../dist/progress.js')

const [address, place] = process.argv.slice(2)
await fetchFile(
  {
    name: 'file',
    origin: new URL(address),
    present: async () => (existsSync(place) ? true : undefined),
    take: async (path) => {
      renameSync(path, place)
      return true
    },
  },
  { bytes: null, label: 'the file', progress: silent, stallSeconds: 30, elsewhere: 'another' },
)
