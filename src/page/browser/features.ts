import { fromBase64, roundCosine } from '../site/mapCoding.js'
import { loadFeatures } from './files.js'
import { type Fitted, featureParts } from './fit.js'
import { recent } from './recent.js'

interface FeatureMatrix {
  readonly dims: number
  /** The rows of the feature matrix [positions, dims], split into consecutive blocks. */
  readonly parts: readonly Int16Array[]
  readonly norms: Float64Array
}

/** Called while files are loaded. */
export type OnFiles = (done: number, total: number) => void

/** Cache of feature matrices. They are large, so it keeps only two: one for each of the two maps. */
const keptMatrices = recent<FeatureMatrix>(2)

/** @param anchor index of the anchor's position, row-major */
export async function cosinesWith(fitted: Fitted, anchor: number, onFiles: OnFiles): Promise<Float64Array> {
  const { group, unit, layer } = fitted
  const key = `${group.key} ${unit} ${layer}`
  const { parts, norms, dims } = await keptMatrices(key, () => loadMatrix(fitted, onFiles))
  const perPart = (parts[0]?.length ?? 0) / dims
  const rowAt = (position: number) => {
    const start = (position % perPart) * dims
    return parts[Math.floor(position / perPart)]!.subarray(start, start + dims)
  }
  const anchorRow = rowAt(anchor)
  const anchorNorm = norms[anchor]!
  return norms.map((norm, position) => roundCosine(dot(rowAt(position), anchorRow) / (norm * anchorNorm)))
}

async function loadMatrix({ group, unit, layer }: Fitted, onFiles: OnFiles): Promise<FeatureMatrix> {
  const total = featureParts(group, layer, unit)
  const parts: Int16Array[] = []
  for (let part = 0; part < total; part++) {
    onFiles(part, total)
    parts.push(new Int16Array(fromBase64(await loadFeatures(group.key, unit!, layer, part)).buffer))
  }
  onFiles(total, total)
  // The number of dims is computed from the files. If the files contain sketches (shortened features), there are
  // fewer dims than in the layer.
  const dims = parts.reduce((sum, part) => sum + part.length, 0) / (group.rows * group.cols)
  if (!Number.isInteger(dims)) throw new Error('the features of this map are incomplete; make the report again')
  const norms = parts.flatMap((part) =>
    Array.from({ length: part.length / dims }, (_, i) => {
      const row = part.subarray(i * dims, (i + 1) * dims)
      return Math.sqrt(dot(row, row))
    }),
  )
  return { dims, parts, norms: Float64Array.from(norms) }
}

function dot(a: Int16Array, b: Int16Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
