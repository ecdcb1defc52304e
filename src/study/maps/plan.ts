import { resolve } from 'node:path'
import { UsageError } from '../../errors.js'
import { type StudyPictures, studyPictures } from '../../patches/studyPictures.js'
import { type ComparedGroup, type GivenPair, pairObstacle } from '../../results/store/pairs.js'
import { checkResultsFolder } from '../../results/store/resultsFolder.js'
import { type ArithmeticItem, describeArithmetic } from '../arithmetic/item.js'
import type { StudyPlan } from '../items/studyPlan.js'
import { groupsOf, workLeft } from '../items/workItem.js'
import type { ResolvedOptions } from './options.js'
import { planArithmetic } from './planArithmetic.js'
import { networksOf, withIds } from './studyNetworks.js'
import { type PlannedUnit, planUnits } from './units.js'

/** What a call of `reproduce` computes: units, and the arithmetic of networks. */
export interface MapsPlan extends Omit<StudyPlan<StudyItem>, 'notes' | 'keepInputs' | 'compute'> {
  readonly pictures: StudyPictures
  readonly units: readonly PlannedUnit[]
  readonly arithmetic: readonly ArithmeticItem[]
  readonly description: ReturnType<typeof describePlan>
}

export type StudyItem = PlannedUnit | ArithmeticItem

export function unitsLeft({ left }: MapsPlan): readonly PlannedUnit[] {
  return left.filter((item) => item.kind === 'maps')
}

/** Opens the networks and patches of a study, and lists the units to compute. */
export async function planStudy(given: ResolvedOptions): Promise<MapsPlan> {
  const options = await withIds(given)
  const out = resolve(options.out)
  const maps = await planMaps(out, options)
  await checkResultsFolder(out)
  const planned = { ...maps, arithmetic: await planArithmetic(out, options) }
  const items = [...planned.units, ...planned.arithmetic]
  return { out, ...planned, items, description: describePlan(planned, options), ...(await workLeft(items)) }
}

async function planMaps(out: string, options: ResolvedOptions) {
  const networks = await networksOf(options)
  const frameSides = networks.map(({ input }) => input.rows)
  const pictures = await studyPictures(options, frameSides)
  const units = planUnits(out, networks, pictures, options)
  checkComparable(options.pairs ?? [], units)
  return { networks, pictures, units }
}

/** @throws UsageError for a pair of networks that share nothing that can be compared */
function checkComparable(pairs: readonly GivenPair[], units: readonly PlannedUnit[]): void {
  const groups = groupsOf(units)
  const groupsIn = (id: string) => groups.filter(([{ network }]) => network.id === id).map(comparedGroup)
  for (const pair of pairs) {
    const { plain, variant } = pair
    const obstacle = pairObstacle(pair, groupsIn(plain), groupsIn(variant))
    if (obstacle !== undefined)
      throw UsageError.of`\`pairs ${plain}=${variant}\` cannot be compared, because ${obstacle}; leave the pair out, or choose other \`layers\`, \`sizes\` or another \`stride\``
  }
}

function comparedGroup(units: readonly [PlannedUnit, ...PlannedUnit[]]): ComparedGroup {
  const [{ network, patch, grid, inputs }] = units
  const layers = network.layers.map(({ name, isMap }) => ({
    ...{ name, isMap },
    answers: name === network.classes?.layer ? network.classes : null,
  }))
  return {
    ...{ size: patch.size, stride: inputs.stride, rows: grid.rows, frame: network.input.rows },
    units: units.map((unit) => ({ inputs: unit.inputs, layers })),
  }
}

/** What run.json says about the plan. `status` reads `patches`, `planned` and `arithmetic`. */
function describePlan(
  { pictures, units, arithmetic }: Pick<MapsPlan, 'pictures' | 'units' | 'arithmetic'>,
  { blend, separability, equivariance, readout, pairs }: ResolvedOptions,
) {
  const { patches, backgrounds } = pictures
  const strides = [...new Set(units.map(({ inputs }) => inputs.stride))]
  return {
    patches: patches.map(({ name, size, sha256, category = null }) => ({ name, size, sha256, category })),
    stride: strides.length === 1 ? strides[0] : strides,
    background: [...new Set([...backgrounds.values()].map(({ identity }) => identity))].join(' '),
    blend,
    separability,
    equivariance,
    readout: readout ?? null,
    arithmetic: arithmetic.map(describeArithmetic),
    ...(pairs && { pairs }),
    planned: groupsOf(units).map((group) => {
      const { patch, patchSha256, category, sketches, ...inputs } = group[0].inputs
      const patches = group.map((unit) => unit.patch.name)
      return { model: inputs.model, size: inputs.size, images: group[0].images, patches, inputs }
    }),
  }
}
