import { join } from 'node:path'
import { z } from 'zod'
import { readStored } from '../../files/json.js'
import { recipeText } from '../../networks/input/recipe.js'

/** How a call of a study opened a network. */
export interface OpenedNetwork {
  readonly id: string
  /** How pixels became the network's input; see `recipeText`. */
  readonly input: string
  /** Where this was found; see `Network.inputSource`. */
  readonly inputSource: string
  readonly isGrey: boolean
  /** Number of its classes; undefined without class scores. */
  readonly classes: number | undefined
}

const ofColours = z.tuple([z.number(), z.number(), z.number()])

const networkSchema = z.object({
  id: z.string(),
  input: z.object({
    ...{ rows: z.number(), cols: z.number(), divisor: z.number(), mean: ofColours, std: ofColours },
    channelOrder: z.enum(['rgb', 'bgr', 'grey']),
    source: z.string(),
  }),
  classes: z.object({ count: z.number().int().positive() }).optional(),
})

const entrySchema = z.object({ networks: z.array(z.unknown()).optional() })
const runSchema = entrySchema.extend({ earlier: z.array(entrySchema).optional() })

/** Reads from run.json how the networks of a results folder were opened, the latest call first. */
export async function openedNetworks(results: string): Promise<readonly OpenedNetwork[]> {
  const run = await readStored(runSchema, join(results, 'run.json'))
  const entries = run === undefined ? [] : [run, ...(run.earlier ?? []).toReversed()]
  return entries.flatMap(({ networks = [] }) =>
    networks.flatMap((one): OpenedNetwork | readonly [] => {
      const { data } = networkSchema.safeParse(one)
      if (data === undefined) return []
      const { source, ...input } = data.input
      const isGrey = input.channelOrder === 'grey'
      return { id: data.id, input: recipeText(input), inputSource: source, isGrey, classes: data.classes?.count }
    }),
  )
}
