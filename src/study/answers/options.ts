import { z } from 'zod'
import { NETWORK_OPTIONS, type NetworkOptions } from '../features/openNetwork.js'
import { type CheckedOptions, type GivenOptions, oneOf } from '../support/optionChecks.js'
import { PROTOCOL_NAMES } from './protocols.js'

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
  /** Ways to shift the photographs; `crop` and `diagonal` by default. */
  protocols: z.array(oneOf('protocol', PROTOCOL_NAMES)).min(1).readonly().default(['crop', 'diagonal']),
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
  /** Folder for all results, described in docs/consistency.md; by default nothing is written. */
  out: z.string().exactOptional(),
}

const { pool, reuse, ...SHARED_OPTIONS } = NETWORK_OPTIONS

export const CONSISTENCY_OPTIONS = { ...OPTIONS, ...SHARED_OPTIONS }

/** Options of `consistency`. */
export interface ConsistencyOptions extends GivenOptions<typeof OPTIONS>, Omit<NetworkOptions, 'pool' | 'reuse'> {}

export type CheckedConsistency = CheckedOptions<typeof CONSISTENCY_OPTIONS>
