import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { checkInFrame, drawObject, layoutText, parseLayout } from '../../../src/experiments/scenes/layout.js'
import { sceneRenderer } from '../../../src/experiments/scenes/scenePatches.js'
import { builtInPatches } from '../../../src/patches/collection.js'
import type { Patch } from '../../../src/patches/patch.js'
import { messageOf } from '../../support/messageOf.js'

describe('a scene', () => {
  it('has objects of the common size where a term has none, separated by spaces or plus signs', () => {
    const text = ' dog@0,149 + orange:40@7,8+a b:c:00012@-1,2 \n'
    const objects = parseLayout(text, 75)
    expect(objects).toEqual([
      { patch: 'dog', size: 75, row: 0, col: 149 },
      { patch: 'orange', size: 40, row: 7, col: 8 },
      { patch: 'a b:c', size: 12, row: -1, col: 2 },
    ])
    expect(layoutText(objects)).toBe('dog:75@0,149 orange:40@7,8 a b:c:12@-1,2')
    expect(parseLayout(layoutText(objects), 1)).toEqual(objects)
    expect([parseLayout(' blank ', 75), layoutText([])]).toEqual([[], 'blank'])
  })

  it.each([
    ...['', 'dog', 'dog@1', 'dog@1,2,3', 'dog@1,2 car', '@1,2', 'dog@1.5,2', 'dog@1,2car@3,4', 'dog@123456,1'],
    ...['a\n\0@b', `${'x'.repeat(70)}`],
  ])('is refused in one line where a term is none: %j', (text) => {
    expect(() => parseLayout(text, 75)).toThrow(UsageError)
    expect(() => parseLayout(text, 75)).toThrow(
      /^"[^\n\0]{0,60}" is not an object at a position; write object@row,col or .*$/,
    )
  })

  it('lies in the frame', () => {
    const at = (row: number, col: number, size = 75) => ({ patch: 'dog', size, row, col })
    for (const object of [at(149, 0), at(0, 149), at(0, 0, 224)]) checkInFrame(object, 224)
    const where =
      'dog of 75×75 at row 150, col 3 does not fit into the frame of 224×224; choose a row and a column from 0 to 149'
    expect(() => checkInFrame(at(150, 3), 224)).toThrow(where)
    for (const object of [at(0, 150), at(-1, 0), at(0, -1)])
      expect(() => checkInFrame(object, 224)).toThrow('does not fit into the frame')
    expect(() => checkInFrame(at(0, 0, 225), 224)).toThrow('choose a smaller size')
  })
})

describe('drawing an object', () => {
  const rgba = Uint8Array.of(...[10, 20, 30, 255], ...[40, 50, 60, 127], ...[70, 80, 90, 128], ...[1, 2, 3, 0])
  const patch: Patch = { name: 'two', size: 2, rgba, sha256: '' }
  const drawn = (blend: 'hard' | 'soft') => {
    const frame = new Uint8Array(3 * 3 * 3).fill(255)
    drawObject(frame, 3, patch, { row: 1, col: 0 }, blend)
    return Array.from({ length: 9 }, (_, i) => [...frame.subarray(3 * i, 3 * i + 3)])
  }
  const white = [255, 255, 255]

  it('takes the patch’s pixel where alpha is 128 or more', () => {
    expect(drawn('hard')).toEqual([white, white, white, [10, 20, 30], white, white, [70, 80, 90], white, white])
  })

  it('mixes by alpha', () => {
    // (40 · 127 + 255 · 128) / 255 and so on.
    const half = [148, 153, 158]
    const more = [162, 167, 172]
    expect(drawn('soft')).toEqual([white, white, white, [10, 20, 30], half, white, more, white, white])
  })
})

describe('a renderer of scenes', () => {
  const render = async (scene: string, background = { image: new Uint8Array(24 * 24 * 3).fill(7) }) => {
    const objects = parseLayout(scene, 10)
    return { objects, ...(await sceneRenderer(objects, await builtInPatches(), background, 24, 'hard')) }
  }

  it('draws the objects for which it was made on the background', async () => {
    const { patches, draw, objects } = await render('orange@14,0 orange:12@0,0 dog@0,14 orange@0,0')
    expect(patches.map(({ name, size }) => `${name} ${size}`)).toEqual(['dog 10', 'orange 10', 'orange 12'])
    expect(draw([]).every((value) => value === 7)).toBe(true)
    const expected = new Uint8Array(24 * 24 * 3).fill(7)
    drawObject(expected, 24, patches[1] as Patch, { row: 14, col: 0 }, 'hard')
    drawObject(expected, 24, patches[0] as Patch, { row: 0, col: 14 }, 'hard')
    expect(draw([objects[0], objects[2]] as typeof objects)).toEqual(expected)
    const coloured = await sceneRenderer([], [], { rgb: [1, 2, 3] }, 2, 'hard')
    expect([...coloured.draw([])]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
  })

  it('refuses objects that are not known or leave the frame', async () => {
    expect(await messageOf(render('dgo@0,0'), UsageError)).toMatch(
      /^no object is called "dgo"; the most similar are dog, /,
    )
    expect(await messageOf(render('dog@15,0'), UsageError)).toMatch(/does not fit into the frame of 24×24/)
  })
})
