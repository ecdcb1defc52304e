import { z } from 'zod'
import { type DeviceRequest, parseDevice } from '../../engine/devices/device.js'
import { UsageError } from '../../errors.js'
import { EXACT_CROP, PROTOCOLS, type Protocol } from '../../experiments/answers/protocols.js'
import { NETWORK_OPTIONS, type NetworkOptions } from '../../features/openNetwork.js'
import { READINGS } from '../../patches/reading.js'
import { checkCount } from '../../support/checks.js'
import { type CheckedOptions, type GivenOptions, oneOf, parseOptions } from '../../support/optionChecks.js'

/** Largest number of draws. With so many, the standard error of a photograph's agreement is below 0.2 points. */
const MOST_DRAWS = 100_000

const OPTIONS = {
  /** Photographs: a folder (with its subfolders), a text file with one path per line, or a single picture file. */
  photographs: z.string(),
  /** The network, in any form that `openNetwork` accepts. It must be a classifier. */
  model: z.string().exactOptional(),
  /** Several networks, instead of `model`. All get the same photographs and shifts. */
  models: z.array(z.string()).min(1).readonly().exactOptional(),
  /**
   * The right classes of the photographs: a CSV file (see docs/consistency.md), or `folders` if the folders of the
   * photographs are named by their classes. By default, folders are read if all of them name a class.
   */
  labels: z.string().exactOptional(),
  /**
   * How photographs are read: `torchvision` (default) as torchvision's image loader reads them, `display` as a browser
   * shows them, with the colour profile converted to sRGB and the EXIF orientation applied.
   */
  reading: oneOf('reading', READINGS).default('torchvision'),
  /** Ways to shift the photographs; `crop` and `diagonal` by default. */
  protocols: z
    .array(
      oneOf(
        'protocol',
        PROTOCOLS.map(({ name }) => name),
      ),
    )
    .min(1)
    .readonly()
    .default(['crop', 'diagonal']),
  /**
   * Computes `crop` over all of its windows: the exact chance that two random crops get the same answer, as protocol
   * `crop-exact`. If `draws` is stated, too, the sampled protocol `crop` is measured beside it. False by default.
   */
  exact: z.boolean().default(false),
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`; 5 by default, at most 100,000. */
  draws: z.number().exactOptional(),
  /**
   * Seed of the random shifts; 0 by default. A photograph's shifts depend on the seed and on the content of its file, not
   * on its name, on other photographs or on the network.
   */
  seed: z.number().default(0),
  /** Background for the protocol `embed`, in any form that `extract` accepts; black by default. */
  background: z.string().default('#000000'),
  /** Results folder, described in docs/results.md; by default nothing is written. */
  out: z.string().exactOptional(),
  /** Wait until other processes have finished their share, then write the report; true by default. */
  report: z.boolean().default(true),
}

const { pool, reuse, ...SHARED_OPTIONS } = NETWORK_OPTIONS

/** Options of `consistency`. */
export interface ConsistencyOptions extends GivenOptions<typeof OPTIONS>, Omit<NetworkOptions, 'pool' | 'reuse'> {}

type Checked = CheckedOptions<typeof OPTIONS & typeof SHARED_OPTIONS>

/** Options of `consistency` with all defaults. */
export interface ResolvedConsistency extends Omit<Checked, 'model' | 'models' | 'protocols' | 'draws' | 'out'> {
  readonly models: readonly string[]
  readonly protocols: readonly Protocol[]
  readonly draws: number
  readonly request: DeviceRequest
  /** Results folder; undefined if nothing is to be written. */
  readonly out: string | undefined
}

/** Checks the options of a study of photographs without reading files. */
export function resolveConsistency(given: ConsistencyOptions): ResolvedConsistency {
  const { model, models, ...checked } = parseOptions(given, { ...OPTIONS, ...SHARED_OPTIONS })
  const { draws = 5 } = checked
  const protocols = chosenProtocols(checked)
  checkCount('draws', draws)
  if (draws > MOST_DRAWS) throw UsageError.of`\`draws ${draws}\` is too large; use at most ${MOST_DRAWS}`
  const request = parseDevice(checked.device, checked.precision)
  return { ...checked, models: modelsOf(checked.weights, model, models), protocols, draws, request, out: checked.out }
}

function chosenProtocols({ protocols: names, exact, draws }: Pick<Checked, 'protocols' | 'exact' | 'draws'>) {
  if (exact && !names.includes('crop'))
    throw UsageError.of`\`exact\` works only with the protocol crop; add it to \`protocols\``
  const chosen = PROTOCOLS.filter(({ name }) => names.some((asked) => asked === name))
  if (!exact) return chosen
  const crop = (protocol: Protocol) => (draws === undefined ? [EXACT_CROP] : [protocol, EXACT_CROP])
  return chosen.flatMap((protocol) => (protocol.name === 'crop' ? crop(protocol) : [protocol]))
}

function modelsOf(weights: unknown, model: string | undefined, models: readonly string[] | undefined) {
  if ((model === undefined) === (models === undefined))
    throw UsageError.of`name one network with \`model\`, or several with \`models\``
  const all = models ?? [model!]
  if (weights !== undefined && all.length > 1)
    throw UsageError.of`\`weights\` works only with one network; name the file as a network: NAME=FILE`
  return all
}
