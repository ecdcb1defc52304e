/** What is known of a network's layer: class scores give answers, and a map has rows and columns. */
interface LayerShape {
  readonly name: string
  readonly answers: object | null
  readonly isMap?: boolean | undefined
}

/** The layers of a network by name, and those that stand for the same in other networks. */
export interface RoledLayers {
  readonly all: readonly string[]
  /** The only layer with class scores. */
  readonly scores: string | undefined
  /** The last layer of pooled features: one vector for each image, and no class scores. */
  readonly features: string | undefined
}

export function roledLayers(layers: readonly LayerShape[]): RoledLayers {
  const scores = layers.filter(({ answers }) => answers !== null)
  return {
    all: layers.map(({ name }) => name),
    scores: scores.length === 1 ? scores[0]?.name : undefined,
    features: layers.findLast(({ answers, isMap }) => answers === null && !isMap)?.name,
  }
}

/**
 * The layers of two networks that can be compared, in the order of the first one: layers of equal names, and of the
 * others those of equal roles. Nothing else tells that layers of two architectures correspond.
 */
export function pairedLayers(one: RoledLayers, other: RoledLayers): readonly (readonly [string, string])[] {
  const isAlone = (name: string, others: RoledLayers) => !others.all.includes(name)
  return one.all.flatMap((name): readonly (readonly [string, string])[] => {
    if (!isAlone(name, other)) return [[name, name]]
    const role = (['scores', 'features'] as const).find((role) => one[role] === name)
    const partner = role && other[role]
    return partner !== undefined && isAlone(partner, one) ? [[name, partner]] : []
  })
}
