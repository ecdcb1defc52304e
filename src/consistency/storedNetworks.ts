import { join } from 'node:path'
import { z } from 'zod'
import { InputError, UsageError } from '../errors.js'
import { readStored } from '../files/json.js'
import { isFolder } from '../files/regularFile.js'
import { BETTER } from '../results/measures.js'
import { listedNames } from '../support/text.js'
import { networkFolder } from './networkAnswers.js'
import { readPhotographsTable } from './photographsTable.js'
import { MEASURE_UNITS, PROTOCOL_NAMES } from './protocols.js'
import type { Consistency, ShownNetwork } from './result.js'

const meanSchema = z.object({
  mean: z.number().nullable(),
  standardError: z.number().nullable(),
  count: z.number(),
})

const networkSchema = z.looseObject({
  model: z.string(),
  frame: z.number(),
  device: z.string(),
  measures: z
    .array(
      meanSchema.extend({
        protocol: z.enum([...PROTOCOL_NAMES, 'crop-exact', 'center']),
        measure: z.string(),
        title: z.string(),
        unit: z.enum(MEASURE_UNITS),
        better: z.enum(BETTER),
        confident: meanSchema,
      }),
    )
    .min(1),
  /** Number of photographs. */
  photographs: z.number(),
  failed: z.array(z.object({ name: z.string(), reason: z.string() })),
})

/** Checks without a copy, so that the order of the properties stays when consistency.json is written again. */
const asWritten = z.custom<z.infer<typeof networkSchema>>((value) => networkSchema.safeParse(value).success)

const documentSchema = z.object({
  protocols: z.array(z.string()),
  draws: z.number(),
  seed: z.number(),
  background: z.string(),
  labels: z.string().optional(),
  networks: z.array(asWritten),
})

/** What all networks of a folder have in common. */
export type CommonSettings = Omit<Consistency, 'networks'>

const SETTINGS = ['protocols', 'draws', 'seed', 'background', 'labels'] as const

/**
 * Reads the networks that earlier calls have measured in a folder, in the order of consistency.json. Networks whose
 * folders were removed are left out.
 * @param models the networks of this call, whose settings the stores of their answers check
 * @param note called with a line about each network that is left out because its results are damaged
 * @throws UsageError if another network has other settings
 */
export async function storedNetworks(
  out: string,
  settings: CommonSettings,
  models: readonly string[],
  note: (line: string) => void,
): Promise<readonly ShownNetwork[]> {
  const document = await readStored(documentSchema, join(out, 'consistency.json'))
  const found: ShownNetwork[] = []
  for (const network of document?.networks ?? []) {
    const folder = networkFolder(out, network.model)
    if (!(await isFolder(folder))) continue
    try {
      found.push({ ...network, photographs: await readPhotographsTable(join(folder, 'photographs.csv'), network) })
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      if (!models.includes(network.model)) note(`leaving out the results of ${network.model}: ${error.message}`)
    }
  }
  const others = found.filter(({ model }) => !models.includes(model)).map(({ model }) => model)
  const differing = SETTINGS.filter((name) => String(document?.[name]) !== String(settings[name]))
  if (others.length > 0 && differing.length > 0) {
    const theirs = differing.map((name) => `${name} ${document?.[name] ?? 'none'}`).join(', ')
    throw new UsageError(
      `${out} has results of ${listedNames(others)} with ${theirs}; choose another folder with \`out\`, or remove this one`,
    )
  }
  return found
}
