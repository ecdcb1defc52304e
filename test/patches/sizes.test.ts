import { describe, expect, it } from 'vitest'
import { comparedSizes, defaultSizes, sizeInFrame, sizeText, squareText, strideFor } from '../../src/patches/sizes.js'

describe('sizes of objects', () => {
  it.each([
    [32, [18, 11]],
    [128, [71, 43]],
    [160, [89, 54]],
    [224, [125, 75]],
    [227, [127, 76]],
    [300, [167, 100]],
    [1, [1]],
  ])('have by default the shares of the paper in a frame of %i px', (frame, sizes) => {
    expect(defaultSizes(frame)).toEqual(sizes)
  })

  it.each([
    [32, 1],
    [64, 2],
    [128, 4],
    [224, 4],
    [300, 4],
  ])('move by fewer pixels in a small frame: of %i px by %i', (frame, stride) => {
    expect(strideFor(frame, 4)).toBe(stride)
    expect(strideFor(frame, 1)).toBe(1)
  })

  it('state the frame if it is not that of the paper', () => {
    expect(sizeInFrame({ size: 75, frame: 224 })).toEqual({ size: 75 })
    expect(sizeInFrame({ size: 54, frame: 160 })).toEqual({ size: 54, frame: 160 })
  })
})

describe('sizes are compared', () => {
  const places = [{ size: 11, frame: 32 }, { size: 54, frame: 160 }, { size: 75, frame: 224 }, { size: 125 }]

  it('by their share if all are default sizes of unlike frames', () => {
    expect(places.map(comparedSizes(places))).toEqual([75, 75, 75, 125])
  })

  it.each([
    ['one is not a default size', [...places, { size: 75, frame: 160 }]],
    ['all have one frame', places.slice(0, 1)],
  ])('by pixels if %s', (_, some) => {
    expect(some.map(comparedSizes(some))).toEqual(some.map(({ size }) => size))
  })
})

describe('the text of sizes', () => {
  const small = { size: 54, frame: 160 }

  it('has pixels in the frame of the paper, and shares beside other frames', () => {
    expect([sizeText([{ size: 75 }]), squareText([{ size: 75, frame: 224 }])]).toEqual(['75 px', '75×75 px'])
    expect([sizeText([small]), squareText([small])]).toEqual(['54 px (34 %)', '54×54 px (34 %)'])
    expect(sizeText([{ size: 75 }], [small, { size: 75 }])).toBe('75 px (33 %)')
  })

  it('has no share of an array that nothing describes, where a position counts as one pixel', () => {
    expect([sizeText([{ size: 1, frame: 12 }]), squareText([{ size: 1, frame: 12 }])]).toEqual(['1 px', '1×1 px'])
  })

  it('lists each size once, with the range of their shares', () => {
    const several = [{ size: 75 }, small, small, { size: 11, frame: 32 }]
    expect(sizeText(several)).toBe('11, 54, 75 px (33–34 %)')
    expect(squareText(several)).toBe(sizeText(several))
  })
})
