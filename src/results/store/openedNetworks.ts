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

/**
 * Reads from run.json how the networks of a results folder were opened, the latest call first. Calls that opened a network
 * with the same input count once, so that another call changes nothing.
 */
export async function openedNetworks(results: string): Promise<readonly OpenedNetwork[]> {
  const run = await readStored(runSchema, join(results, 'run.json'))
  const entries = run === undefined ? [] : [run, ...(run.earlier ?? []).toReversed()]
  const opened = new Map<string, OpenedNetwork>()
  for (const one of entries.flatMap(({ networks = [] }) => networks)) {
    const { data } = networkSchema.safeParse(one)
    if (data === undefined) continue
    const { source, ...input } = data.input
    const [recipe, isGrey] = [recipeText(input), input.channelOrder === 'grey']
    const key = JSON.stringify([data.id, recipe])
    if (!opened.has(key))
      opened.set(key, { id: data.id, input: recipe, inputSource: source, isGrey, classes: data.classes?.count })
  }
  return [...opened.values()]
}
