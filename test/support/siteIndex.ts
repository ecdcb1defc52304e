import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { anchorPositions, positionRange } from '../../src/engine/scene/positions.js'
import type { SiteGroup, SiteIndex } from '../../src/page/site/siteIndex.js'

interface Wishes {
  readonly key: number
  readonly model: string
  readonly size?: number
  readonly layers?: readonly string[]
  readonly stride?: number
  readonly features?: readonly number[]
  /** By default, all positions of the patch are on the grid. A whole photograph is larger than the frame. */
  readonly frame?: number
  readonly patches?: readonly string[]
}

/** A group of 10×10 positions with the patches car and dog. */
export function groupOf(wishes: Wishes): SiteGroup {
  const { key, model, size = 125, layers = ['fc6', 'fc8'], stride = 1, features, patches = ['car', 'dog'] } = wishes
  const [rows, cols] = [10, 10]
  const frame = wishes.frame ?? (rows - 1) * stride + size
  const range = positionRange(frame, size)
  return {
    ...{ key, model, size, rows, cols, stride, first: range.first, frame },
    background: { colour: 'rgb(255 255 255)' },
    anchors: anchorPositions(range),
    layers: layers.map((name) => ({ name, baseline: null })),
    classes: null,
    units: patches.map((patch) => ({ patch, picture: null, ...(features && { features }) })),
  }
}

export function indexOf(groups: readonly SiteGroup[]): SiteIndex {
  return { digest: '0123', groups, limits: { low: 0.88, high: 1 } }
}

/** The value that a file of the site hands to the page, under the key that its path says. */
export function handedBy<T>(site: string, ...way: readonly string[]): T {
  const script = readFileSync(join(site, ...way), 'utf8')
  const received: [string, T][] = []
  new Function('shiftscopeReceive', script)((key: string, value: T) => received.push([key, value]))
  expect(received.map(([key]) => `${key}.js`)).toEqual([join(...way)])
  return (received[0] as [string, T])[1]
}

/** The index that a page of `view` or `printError` contains. */
export function studyIndex(page: string): SiteIndex {
  const json = /<script type="application\/json" id="study">(.*)<\/script>/.exec(readFileSync(page, 'utf8'))?.[1]
  return JSON.parse(json as string)
}
