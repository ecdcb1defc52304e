import { isDeepStrictEqual } from 'node:util'
import type { LiveUnitRequest } from '../page/live/live.js'
import type { LiveUnit } from './liveUnit.js'

export type LiveUnits = ReturnType<typeof openLiveUnits>

/**
 * The live units (features of one object in one network) by their scene. If the features need too much memory, units
 * that nobody looks at are dropped, the least recently used first.
 * @param mostBytes limit for the features of all units together; units that somebody looks at may exceed it
 */
export function openLiveUnits(mostBytes: number) {
  const forgotten: string[] = []
  /** Ordered by use: the unit that was used last is at the end. */
  let kept: { readonly scene: LiveUnitRequest; readonly unit: LiveUnit }[] = []
  return {
    find: (scene: LiveUnitRequest): LiveUnit | undefined => {
      const found = kept.find((one) => isDeepStrictEqual(one.scene, scene))
      if (found !== undefined) kept = [...kept.filter((one) => one !== found), found]
      return found?.unit
    },
    add: (scene: LiveUnitRequest, unit: LiveUnit): void => {
      let bytes = unit.bytes + kept.reduce((sum, one) => sum + one.unit.bytes, 0)
      kept = kept.filter((one) => {
        if (bytes <= mostBytes || one.unit.isFollowed()) return true
        bytes -= one.unit.bytes
        forgotten.push(titleOf(one))
        return false
      })
      kept.push({ scene, unit })
    },
    isUsed: (network: string): boolean =>
      kept.some(({ scene, unit }) => scene.network === network && unit.isFollowed()),
    stop: (): void => {
      for (const { unit } of kept) unit.stop()
    },
    /** Titles of the units that were dropped since the last call, such as `dog at 75 px through tiny-alexnet`. */
    forgotten: (): readonly string[] => forgotten.splice(0),
  }
}

function titleOf({ scene, unit }: { readonly scene: LiveUnitRequest; readonly unit: LiveUnit }): string {
  return `${unit.scene.patch.name} at ${scene.size} px through ${scene.network}`
}
