import type { Reader } from './reader.js'
import { answers } from './readers/answers.js'
import { commandLine } from './readers/commandLine.js'
import { documents } from './readers/documents.js'
import { networks, reports } from './readers/networks.js'
import { objectsOfCoco, pictures, svg } from './readers/pictures.js'
import { texts } from './readers/texts.js'
import { weights } from './readers/weights.js'

/** Everything that reads what comes from outside. */
export const readers: readonly Reader[] = [
  ...[...weights, ...documents, ...answers, ...texts, ...objectsOfCoco],
  ...[pictures, svg, networks, reports, commandLine],
]
