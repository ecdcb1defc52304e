import { describe, expect, it } from 'vitest'
import { inColoursOf, pictureSpec, sceneOf } from '../../../src/engine/scene/scene.js'
import { imagenetInput } from '../../support/imagenetInput.js'

const grey = { ...imagenetInput, channelOrder: 'grey' as const }

/** Colours, and the luminance that Pillow 11.1 gives for each: `Image.new('RGB', (1, 1), colour).convert('L')`. */
const LUMINANCES = [
  [[255, 255, 255], 255],
  [[0, 0, 0], 0],
  [[255, 0, 0], 76],
  [[0, 255, 0], 150],
  [[0, 0, 255], 29],
  [[2, 1, 0], 1],
  [[200, 100, 50], 124],
  [[17, 94, 201], 83],
  [[128, 127, 129], 128],
  [[1, 0, 2], 1],
] as const
const colours = LUMINANCES.flatMap(([colour]) => [...colour])
const expected = LUMINANCES.flatMap(([, luminance]) => [luminance, luminance, luminance])

describe('a scene for a network of grey pictures', () => {
  it('has the luminance of Pillow in each channel of a picture', () => {
    const { scene } = pictureSpec(Uint8Array.from(colours))
    expect(inColoursOf(scene, grey).background).toEqual({ image: Uint8Array.from(expected) })
  })

  it('has a grey patch with the same alpha, on a grey background', () => {
    const rgba = Uint8Array.of(200, 100, 50, 7)
    const patch = { name: 'pixel', size: 1, rgba, sha256: '' }
    const drawn = inColoursOf(sceneOf(patch, { image: Uint8Array.from(colours) }), grey)
    expect([...drawn.patch.rgba]).toEqual([124, 124, 124, 7])
    expect(drawn.background).toEqual({ image: Uint8Array.from(expected) })
    const plain = inColoursOf(sceneOf(patch, { rgb: [17, 94, 201] }), grey)
    expect(plain.background).toEqual({ rgb: [83, 83, 83] })
    expect([...rgba]).toEqual([200, 100, 50, 7])
  })

  it('stays as it is for a network of coloured pictures', () => {
    const { scene } = pictureSpec(Uint8Array.from(colours))
    expect(inColoursOf(scene, imagenetInput)).toBe(scene)
  })
})
