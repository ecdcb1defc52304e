import { UsageError } from '../errors.js'
import type { Classes } from '../networks/index.js'
import type { PhotographFile } from '../patches/photographs.js'

export interface Labels {
  readonly source: string
  readonly of: ReadonlyMap<string, readonly string[]>
}

export async function readLabels(
  labels: string | undefined,
  _files: readonly PhotographFile[],
  _photographs: string,
  _note: (line: string) => void,
): Promise<Labels | undefined> {
  if (labels !== undefined) throw new UsageError('`labels` cannot be read yet')
  return undefined
}

export function rightClasses(
  _labels: Labels,
  _network: { readonly id: string; readonly classes: Classes },
): ReadonlyMap<string, readonly number[]> {
  return new Map()
}
