import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { checkInFrame, drawObject, parseScene, sceneText } from '../../src/experiments/objectScene.js'
import type { Patch } from '../../src/patches/patch.js'

const natural = fc.nat({ max: 99_999 })
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => !/[@+]|^\s|\s$|:\d*$/u.test(text))
const placed = fc.record({ patch: name, size: natural, row: natural, col: natural })

describe('a scene', () => {
  it('is read from the words for it', () => {
    fc.assert(
      fc.property(fc.array(placed, { maxLength: 4 }), (objects) => {
        expect(parseScene(sceneText(objects), 75)).toEqual(objects)
      }),
    )
  })

  it('has objects of the common size where a term has none, separated by spaces or plus signs', () => {
    expect(parseScene(' dog@0,149 + orange:40@7,8+car@1,2', 75)).toEqual([
      { patch: 'dog', size: 75, row: 0, col: 149 },
      { patch: 'orange', size: 40, row: 7, col: 8 },
      { patch: 'car', size: 75, row: 1, col: 2 },
    ])
    expect(parseScene('blank', 75)).toEqual([])
  })

  it('is refused in one line where a term is none', () => {
    for (const text of [
      '',
      'dog',
      'dog@1',
      'dog@1,2,3',
      'dog@1,2 car',
      '@1,2',
      'dog@1.5,2',
      'dog@1,2car@3,4',
      'a\n@b',
    ]) {
      expect(() => parseScene(text, 75), text).toThrow(/is no placed object; write patch@row,col/)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseScene(text, 75)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          expect((error as Error).message).not.toMatch(/[\n\r]/)
        }
      }),
    )
  })

  it('lies in the frame', () => {
    const at =
      (row: number, col: number, size = 75) =>
      () =>
        checkInFrame({ patch: 'dog', size, row, col }, 224)
    expect(at(149, 0)).not.toThrow()
    expect(at(150, 3)).toThrow(
      'dog of 75×75 at row 150, col 3 leaves the frame of 224×224; rows and columns go from 0 to 149',
    )
    expect(at(0, -1)).toThrow('col -1')
    expect(at(0, 0, 225)).toThrow('choose a smaller size')
  })
})

describe('drawing an object', () => {
  const patch: Patch = {
    name: 'two',
    size: 2,
    rgba: Uint8Array.from([10, 20, 30, 255, 40, 50, 60, 127, 70, 80, 90, 128, 1, 2, 3, 0]),
    sha256: '',
  }

  it('takes the patch’s pixel where alpha is 128 or more', () => {
    const frame = new Uint8Array(3 * 3 * 3).fill(255)
    drawObject(frame, 3, patch, { row: 1, col: 0 }, 'hard')
    const white = [255, 255, 255]
    expect([...frame]).toEqual([white, white, white, [10, 20, 30], white, white, [70, 80, 90], white, white].flat())
  })

  it('mixes by alpha', () => {
    const frame = new Uint8Array(2 * 2 * 3).fill(255)
    drawObject(frame, 2, patch, { row: 0, col: 0 }, 'soft')
    const mixed = (value: number, alpha: number) => Math.round((value * alpha + 255 * (255 - alpha)) / 255)
    expect([...frame]).toEqual([
      10,
      20,
      30,
      ...[40, 50, 60].map((v) => mixed(v, 127)),
      ...[70, 80, 90].map((v) => mixed(v, 128)),
      255,
      255,
      255,
    ])
  })
})
