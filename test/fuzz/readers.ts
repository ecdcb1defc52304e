import type { Reader } from './reader.js'
import { annotations } from './readers/annotations.js'
import { arithmetic } from './readers/arithmetic.js'
import { arrays } from './readers/arrays.js'
import { cacheRecords } from './readers/cacheRecords.js'
import { checkpoints } from './readers/checkpoints.js'
import { commandLine } from './readers/commandLine.js'
import { labels, metadata, recipes } from './readers/descriptions.js'
import { downloads } from './readers/downloads.js'
import { expressions } from './readers/expressions.js'
import { extractions } from './readers/extractions.js'
import { hub } from './readers/hub.js'
import { locks } from './readers/locks.js'
import { manifests } from './readers/manifests.js'
import { masks } from './readers/masks.js'
import { networks } from './readers/networks.js'
import { onnxInterface } from './readers/onnxInterface.js'
import { partialArrays } from './readers/partialArrays.js'
import { pictures } from './readers/pictures.js'
import { reports } from './readers/reports.js'
import { runs } from './readers/runs.js'
import { slurm } from './readers/slurm.js'
import { svg } from './readers/svg.js'
import { units } from './readers/units.js'

/** Everything that reads what comes from outside, what takes longest last. */
export const readers: readonly Reader[] = [
  checkpoints,
  onnxInterface,
  annotations,
  masks,
  manifests,
  arrays,
  recipes,
  labels,
  metadata,
  units,
  arithmetic,
  runs,
  locks,
  extractions,
  cacheRecords,
  partialArrays,
  expressions,
  hub,
  downloads,
  pictures,
  svg,
  networks,
  reports,
  slurm,
  commandLine,
]
