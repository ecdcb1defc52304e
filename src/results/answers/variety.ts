import { type AnswerVariety, constantWords } from '../../experiments/answers/chance.js'
import type { ProtocolName } from '../../experiments/answers/protocols.js'
import { addTo } from '../../support/lists.js'
import { counted } from '../../support/text.js'

/** How different a network's answers to photographs are in one protocol. */
export interface ProtocolVariety extends AnswerVariety {
  readonly protocol: ProtocolName
  /** Mean probability of the answer to the protocol's first frame; null without photographs. */
  readonly confidence: number | null
}

interface Varied {
  readonly varieties: readonly ProtocolVariety[]
}

/**
 * Why the consistency of a network in a protocol says nothing: it `gives the same answer to 58 of 60 photographs; its
 * consistency says nothing`. Such a network is never called better or best. Undefined for other networks.
 */
export function constantText({ varieties }: Varied, protocol: ProtocolName): string | undefined {
  const own = varieties.find((one) => one.protocol === protocol)
  return own && constantWords(own, 'photograph')
}

/** A sentence for each protocol in which a network is constant; protocols with equal counts share one. */
export function constantSentences(networks: readonly (Varied & { readonly model: string })[]): readonly string[] {
  return networks.flatMap(({ model, varieties }) => {
    const protocols = new Map<string, string[]>()
    for (const one of varieties) {
      const text = constantWords(one, 'photograph')
      if (text !== undefined) addTo(protocols, text, one.protocol)
    }
    return [...protocols].map(([text, names]) => `In ${names.join(', ')}: ${model} ${text}.`)
  })
}

/** Such as `41 different answers to 60 photographs (effective number 33.1), mean confidence 0.612`. */
export function varietyText({ distinct, pictures, effective, confidence }: ProtocolVariety): string {
  const answers = `${counted(distinct, 'different answer')} to ${counted(pictures, 'photograph')}`
  const mean = confidence === null ? '' : `, mean confidence ${confidence.toFixed(3)}`
  return `${answers} (effective number ${effective.toFixed(1)})${mean}`
}
