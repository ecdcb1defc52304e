import { type AnswerVariety, constantWords } from '../../experiments/answers/chance.js'
import type { ProtocolName } from '../../experiments/answers/protocols.js'
import { addTo } from '../../support/lists.js'

/** How different a network's answers to photographs are in one protocol. */
export interface ProtocolVariety extends AnswerVariety {
  readonly protocol: ProtocolName
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
