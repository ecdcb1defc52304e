import { isDeepStrictEqual } from 'node:util'
import type { LiveScene } from '../page/live.js'
import type { LiveUnit } from './liveUnit.js'

/**
 * The live units (features of one object in one network) by their scene. If the features need too much memory, units
 * that nobody looks at are dropped, the least recently used first.
 */
export interface LiveUnits {
  readonly find: (scene: LiveScene) => LiveUnit | undefined
  readonly add: (scene: LiveScene, unit: LiveUnit) => void
  readonly isUsed: (network: string) => boolean
  readonly stop: () => void
  /** Titles of the units that were dropped since the last call, such as `dog at 75 px through tiny-alexnet`. */
  readonly forgotten: () => readonly string[]
}

/** @param mostBytes limit for the features of all units together; units that somebody looks at may exceed it */
export function openLiveUnits(mostBytes: number): LiveUnits {
  const forgotten: string[] = []
  /** Ordered by use: the unit that was used last is at the end. */
  let kept: { readonly scene: LiveScene; readonly unit: LiveUnit }[] = []
  return {
    find: (scene) => {
      const found = kept.find((one) => isDeepStrictEqual(one.scene, scene))
      if (found !== undefined) kept = [...kept.filter((one) => one !== found), found]
      return found?.unit
    },
    add: (scene, unit) => {
      let bytes = unit.bytes + kept.reduce((sum, one) => sum + one.unit.bytes, 0)
      kept = kept.filter((one) => {
        if (bytes <= mostBytes || one.unit.isFollowed()) return true
        bytes -= one.unit.bytes
        forgotten.push(titleOf(one))
        return false
      })
      kept.push({ scene, unit })
    },
    isUsed: (network) => kept.some(({ scene, unit }) => scene.network === network && unit.isFollowed()),
    stop: () => {
      for (const { unit } of kept) unit.stop()
    },
    forgotten: () => forgotten.splice(0),
  }
}

function titleOf({ scene, unit }: { readonly scene: LiveScene; readonly unit: LiveUnit }): string {
  return `${unit.scene.patch.name} at ${scene.size} px through ${scene.network}`
}
