import type { Patch } from '../../src/patches/patch.js'

/** A patch of stripes, opaque unless a pixel has another alpha. */
export function stripes(size: number, alphaOf: (pixel: number) => number = () => 255): Patch {
  const valueAt = (at: number) => (at % 4 === 3 ? alphaOf(Math.floor(at / 4)) : (at * 37) % 256)
  return {
    name: 'stripes',
    size,
    rgba: Uint8Array.from({ length: size * size * 4 }, (_, at) => valueAt(at)),
    sha256: '',
  }
}
