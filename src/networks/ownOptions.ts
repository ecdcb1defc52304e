import { type GivenOptions, oneOf } from '../support/optionChecks.js'
import { INPUT_OPTIONS } from './input/options.js'
import { SCORES } from './network.js'

/** Options for networks outside the catalog, whose files may say too little about input and output. */
export const OWN_OPTIONS = {
  ...INPUT_OPTIONS,
  /**
   * What the class scores mean: `probabilities`; `logits`, which give probabilities by a softmax; or `sigmoid`, where
   * each score is the probability of its class, independent of the others. By default, the graph decides.
   */
  scores: oneOf('meaning of scores', SCORES).exactOptional(),
}

/** What a user says about a network outside the catalog; overrides its graph and the files beside it. */
export interface OwnOptions extends GivenOptions<typeof OWN_OPTIONS> {}

export function ownOptionsOf(given: OwnOptions): OwnOptions {
  const names = Object.keys(OWN_OPTIONS) as (keyof OwnOptions)[]
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])))
}
