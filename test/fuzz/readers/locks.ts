import { join } from 'node:path'
import { openLocks } from '../../../src/files/lock.js'
import { disturb, documentText } from '../documents.js'
import { emptyFolder, placeFiles, type Reader } from '../reader.js'
import { drawLock } from './runs.js'

const files = [
  'unit~0',
  'unit~1',
  'unit~18446744073709551616',
  'unit~-1',
  'other~0',
  '~0',
  '.owner-0123456789abcdef',
  'unit',
]

/** What other processes, living and dead, left in a folder of locks. */
export const locks: Reader = {
  name: 'locks',
  readsBeyondEnds: true,
  open: (parent) => {
    const folder = join(parent, '.locks')
    return {
      draw: (random) => {
        const record = () => {
          const text = documentText(disturb(drawLock(random), random), random)
          return typeof text === 'string' && random.chance(0.8) ? text.padEnd(2048) : text
        }
        const names = files.filter((_, i) => random.chance(i < 2 ? 0.5 : 0.15))
        return { kind: 'locks', files: Object.fromEntries(names.map((name) => [name, record()])) }
      },
      read: async (drawn) => {
        emptyFolder(folder)
        placeFiles(folder, drawn)
        const opened = openLocks(parent)
        try {
          await opened.names()
          const held = await opened.held()
          const isTaken = await opened.take('unit')
          await opened.held()
          await opened.release('unit')
          return isTaken || held.length > 0 ? [] : undefined
        } finally {
          await opened.close()
        }
      },
    }
  },
}
