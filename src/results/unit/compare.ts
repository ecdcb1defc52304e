import { poolText } from '../../networks/index.js'
import type { Unit, UnitInputs } from './schema.js'

/**
 * Inputs that must be the same in a stored unit and in the wanted one, or the stored unit is not used. For the other
 * inputs, it is enough if the stored unit contains what is wanted; see `differencesOf`.
 */
type SharedInput =
  | Exclude<keyof UnitInputs, 'format' | 'catalogId' | 'separability' | 'equivariance' | 'keepsFeatures' | 'sketches'>
  | Exclude<keyof NonNullable<UnitInputs['separability']>, 'loss' | 'cv'>

/** Converts each input to text, for comparisons and messages. An input that one of two units lacks is not compared. */
export const INPUT_TEXTS: Readonly<Record<SharedInput, (inputs: UnitInputs) => string | undefined>> = {
  model: ({ model }) => model,
  patch: ({ patch }) => patch,
  size: ({ size }) => String(size),
  weightsSha256: ({ weightsSha256 }) => weightsSha256,
  patchSha256: ({ patchSha256 }) => patchSha256,
  category: ({ category }) => JSON.stringify(category),
  layers: ({ layers }) => JSON.stringify(layers),
  stride: ({ stride }) => String(stride),
  background: ({ background }) => background,
  blend: ({ blend }) => blend,
  precision: ({ precision }) => precision ?? 'fp32',
  pool: poolText,
  tokens: ({ equivariance, tokens }) => (equivariance ? (tokens ?? 'none') : undefined),
  input: ({ input }) => input ?? 'the network’s own',
  scores: ({ scores }) => scores ?? 'logits',
  detector: ({ detector = {} }) => Object.entries(detector).flat().join(' '),
  C: ({ separability }) => separability?.C.toString(),
  seed: ({ separability }) => separability?.seed.toString(),
  readout: ({ readout }) => readout && `${readout.samples} samples, seed ${readout.seed}`,
}

/** Differences between a stored unit and the wanted one, such as `stride 3 instead of 1`. */
export function differencesOf(stored: UnitInputs, wanted: UnitInputs): readonly string[] {
  const differences = Object.entries(INPUT_TEXTS).flatMap(([name, textOf]) => {
    const [has, wants] = [textOf(stored), textOf(wanted)]
    if (has === undefined || wants === undefined || has === wants) return []
    return [DIFFERENT_FILES[name] ?? `${name} ${has} instead of ${wants}`]
  })
  if (wanted.keepsFeatures && !stored.keepsFeatures) differences.push('no features kept')
  if (wanted.equivariance && !stored.equivariance) differences.push('no equivariance')
  if (wanted.readout && !stored.readout) differences.push('no readout')
  if (wanted.separability === null) return differences
  if (stored.separability === null) return [...differences, 'no separability']
  const [has, wants] = [stored.separability.cv, wanted.separability.cv]
  if (!wants.every((scheme) => has.includes(scheme))) differences.push(`folds ${has} instead of ${wants}`)
  return differences
}

/** Messages for inputs that are hashes, if they differ. The hashes themselves would tell a reader nothing. */
const DIFFERENT_FILES: Readonly<Record<string, string>> = {
  weightsSha256: 'another checkpoint',
  patchSha256: 'another picture',
}

/**
 * Finds a setting that differs between two units of the same network and size. Such units cannot be averaged. Their
 * fold schemes may differ, because the accuracies of a scheme are averaged over the units that have this scheme.
 * @returns the setting's name in messages; undefined if there is none
 */
export function groupDifference(a: UnitInputs, b: UnitInputs): string | undefined {
  const differing = Object.entries(GROUP_SETTINGS).find(([name]) => {
    const [one, other] = [a, b].map(INPUT_TEXTS[name as keyof typeof GROUP_SETTINGS])
    return one !== undefined && other !== undefined && one !== other
  })
  return differing?.[1]
}

export function shapeDifference(a: Unit, b: Unit): string | undefined {
  const shapeOf = ({ rows, cols, layers }: Unit) => [rows, cols, ...layers.map(({ dims }) => dims)].join()
  return shapeOf(a) === shapeOf(b) ? undefined : 'shape of maps or features'
}

/** Settings in which all units of a group must agree. The values are the settings' names in messages. */
const GROUP_SETTINGS: Readonly<
  Record<Exclude<SharedInput, 'model' | 'size' | 'patch' | 'patchSha256' | 'category'>, string>
> = {
  stride: 'stride',
  layers: 'list of layers',
  weightsSha256: 'set of weights',
  background: 'background',
  blend: 'blend',
  precision: 'precision',
  pool: 'way of pooling',
  tokens: 'map of tokens',
  input: 'input',
  scores: 'meaning of class scores',
  detector: 'reading of a detector',
  C: 'classifier',
  seed: 'classifier',
  readout: 'read-out',
}
