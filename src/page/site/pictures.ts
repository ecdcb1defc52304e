import { drawnBackground } from '../../patches/background.js'
import { encodePng } from '../../patches/image.js'
import { readBackgroundPicture, readPatchPicture } from '../../results/store/pictures.js'
import type { UnitInputs } from '../../results/unit/schema.js'
import { writeSiteFile } from './file.js'
import type { SiteGroup, SitePicture } from './siteIndex.js'

/** Backgrounds are drawn only for frames whose side has at most this many pixels. No network has a larger frame. */
const MAX_FRAME = 4096

/** Writes the pictures of a site. A picture that several units share is written only once. */
export function sitePictures(results: string, site: string) {
  const keys = new Map<string, Promise<number | null>>()
  // A picture gets its key when it is requested, and keeps it even if the picture turns out to be missing. So the keys
  // do not depend on which picture is written first.
  const keyOf = (name: string, makePng: () => Promise<Buffer | undefined>): Promise<number | null> => {
    const known = keys.get(name)
    if (known !== undefined) return known
    const key = keys.size
    const written = makePng().then(async (png) => {
      if (png === undefined) return null
      const picture: SitePicture = `data:image/png;base64,${png.toString('base64')}`
      await writeSiteFile(site, `pictures/${key}`, picture)
      return key
    })
    keys.set(name, written)
    return written
  }
  return {
    /** @returns the picture's key; null if the results folder does not have the picture */
    patch: ({ patchSha256, size, blend }: UnitInputs): Promise<number | null> =>
      keyOf(`patch ${patchSha256} ${size} ${blend}`, async () => {
        const rgba = await readPatchPicture(results, patchSha256, size)
        return rgba && patchPng(rgba, size, blend)
      }),
    background: async (identity: string, frameSide: number): Promise<SiteGroup['background']> => {
      const drawn = drawnBackground(identity)
      if (drawn && 'rgb' in drawn) return { colour: `rgb(${drawn.rgb.join(' ')})` }
      const picture = await keyOf(`background ${identity} ${frameSide}`, async () => {
        if (frameSide > MAX_FRAME) return undefined
        const rgb = drawn ? drawn.draw(frameSide) : await readBackgroundPicture(results, identity, frameSide)
        return rgb && encodePng(rgb, { width: frameSide, height: frameSide, channels: 3 })
      })
      return picture === null ? null : { picture }
    },
  }
}

/** PNG of a patch with the alpha values that were used to place it on the background. */
export function patchPng(rgba: Uint8Array, size: number, blend: UnitInputs['blend']): Promise<Buffer> {
  return encodePng(blend === 'hard' ? withHardAlpha(rgba) : rgba, { width: size, height: size, channels: 4 })
}

function withHardAlpha(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => (i % 4 === 3 ? (value >= 128 ? 255 : 0) : value))
}
