import { poolText } from '../../onnx/graph/tokens.js'
import type { Unit, UnitInputs } from './schema.js'

/**
 * Inputs that must be the same in a stored unit and in the wanted one, or the stored unit is not used. For the other
 * inputs, it is enough if the stored unit contains what is wanted; see `differencesOf`.
 */
type SharedInput =
  | Exclude<keyof UnitInputs, 'format' | 'catalogId' | 'separability' | 'equivariance' | 'keepsFeatures' | 'sketches'>
  | Exclude<keyof NonNullable<UnitInputs['separability']>, 'loss' | 'cv'>

interface ComparedInput {
  /** Text for comparisons and messages. An input that one of two units lacks is not compared. */
  readonly text: (inputs: UnitInputs) => string | undefined
  /** Message if an input that is a hash differs. The hash itself would tell a reader nothing. */
  readonly other?: string
  /** Name in messages, if all units of a group must agree in this input. Other units cannot be averaged. */
  readonly group?: string
  /** Completes "was measured …" for networks that differ in this input, if these are no pair of a study then. */
  readonly pair?: string
  /** Whether a report notes different values within the folder, because they make numbers hard to compare. */
  readonly isNoted?: true
  /** In a comparison of two folders, a `setting` must agree, and a `fact` about the network may differ. */
  readonly folders?: 'setting' | 'fact'
}

/** How inputs are compared, in the order of messages. */
export const COMPARED_INPUTS: Readonly<Record<SharedInput, ComparedInput>> = {
  model: { text: ({ model }) => model },
  patch: { text: ({ patch }) => patch },
  size: { text: ({ size }) => String(size) },
  weightsSha256: {
    text: ({ weightsSha256 }) => weightsSha256,
    other: 'another checkpoint',
    group: 'set of weights',
  },
  patchSha256: { text: ({ patchSha256 }) => patchSha256, other: 'another picture' },
  category: { text: ({ category }) => JSON.stringify(category), folders: 'setting' },
  layers: { text: ({ layers }) => JSON.stringify(layers), group: 'list of layers' },
  stride: { text: ({ stride }) => String(stride), group: 'stride', isNoted: true, folders: 'setting' },
  background: {
    text: ({ background }) => background,
    group: 'background',
    pair: 'on another background',
    isNoted: true,
    folders: 'setting',
  },
  blend: {
    text: ({ blend }) => blend,
    group: 'blend',
    pair: 'with another blend',
    isNoted: true,
    folders: 'setting',
  },
  precision: {
    text: ({ precision }) => precision ?? 'fp32',
    group: 'precision',
    pair: 'in another precision',
    isNoted: true,
    folders: 'fact',
  },
  pool: { text: poolText, group: 'way of pooling', folders: 'setting' },
  tokens: {
    text: ({ equivariance, tokens }) => (equivariance ? (tokens ?? 'none') : undefined),
    group: 'map of tokens',
    folders: 'fact',
  },
  input: { text: ({ input }) => input ?? 'the network’s own', group: 'input', folders: 'fact' },
  scores: { text: ({ scores }) => scores ?? 'none', group: 'meaning of class scores', folders: 'fact' },
  head: {
    text: ({ head = {} }) => Object.entries(head).flat().join(' '),
    group: 'reading of a detector',
    folders: 'fact',
  },
  C: { text: ({ separability }) => separability?.C.toString(), group: 'classifier', isNoted: true, folders: 'setting' },
  seed: {
    text: ({ separability }) => separability?.seed.toString(),
    group: 'classifier',
    isNoted: true,
    folders: 'setting',
  },
  readout: {
    text: ({ readout }) => readout && `${readout.samples} samples, seed ${readout.seed}`,
    group: 'read-out',
    isNoted: true,
    folders: 'setting',
  },
}

/** The inputs that differ between two units, with their texts. */
function differingInputs(a: UnitInputs, b: UnitInputs): readonly (readonly [string, ComparedInput, string, string])[] {
  return Object.entries(COMPARED_INPUTS).flatMap(([name, input]) => {
    const [one, other] = [input.text(a), input.text(b)]
    return one === undefined || other === undefined || one === other ? [] : [[name, input, one, other] as const]
  })
}

/** Differences between a stored unit and the wanted one, such as `stride 3 instead of 1`. */
export function differencesOf(stored: UnitInputs, wanted: UnitInputs): readonly string[] {
  const differences = differingInputs(stored, wanted).map(
    ([name, { other }, has, wants]) => other ?? `${name} ${has} instead of ${wants}`,
  )
  if (wanted.keepsFeatures && !stored.keepsFeatures) differences.push('no features kept')
  if (wanted.equivariance && !stored.equivariance) differences.push('no equivariance')
  if (wanted.readout && !stored.readout) differences.push('no readout')
  if (wanted.separability === null) return differences
  if (stored.separability === null) return [...differences, 'no separability']
  const [has, wants] = [stored.separability.cv, wanted.separability.cv]
  if (!wants.every((scheme) => has.includes(scheme))) differences.push(`folds ${has} instead of ${wants}`)
  return differences
}

/**
 * Finds a setting that differs between two units of the same network and size. Such units cannot be averaged. Their
 * fold schemes may differ, because the accuracies of a scheme are averaged over the units that have this scheme.
 * @returns the setting's name in messages; undefined if there is none
 */
export function groupDifference(a: UnitInputs, b: UnitInputs): string | undefined {
  return differingInputs(a, b).flatMap(([, { group }]) => group ?? [])[0]
}

/**
 * Says how two networks of a study were measured differently, such as "with another blend"; undefined if they can be
 * compared as a pair.
 */
export function pairDifference(a: UnitInputs, b: UnitInputs): string | undefined {
  return differingInputs(a, b).flatMap(([, { pair }]) => pair ?? [])[0]
}

export function shapeDifference(a: Unit, b: Unit): string | undefined {
  const shapeOf = ({ rows, cols, layers }: Unit) => [rows, cols, ...layers.map(({ dims }) => dims)].join()
  return shapeOf(a) === shapeOf(b) ? undefined : 'shape of maps or features'
}
