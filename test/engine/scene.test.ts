import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sceneOf } from '../../src/engine/scene.js'
import { UsageError } from '../../src/errors.js'
import { WHITE } from '../../src/patches/background.js'

const patch = { name: 'patch', size: 1, rgba: new Uint8Array(4), sha256: '' }

describe('scene', () => {
  it('is white and hard-edged unless told otherwise', () => {
    expect(sceneOf(patch)).toEqual({ patch, background: { rgb: [255, 255, 255] }, blend: 'hard' })
    expect(sceneOf(patch, WHITE, 'soft').blend).toBe('soft')
  })

  it('takes any colour as #rrggbb, in small or capital letters', () => {
    const channel = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.tuple(channel, channel, channel), fc.boolean(), (rgb, capital) => {
        const digits = rgb.map((value) => value.toString(16).padStart(2, '0')).join('')
        const { background } = sceneOf(patch, `#${capital ? digits.toUpperCase() : digits}`)
        expect(background).toEqual({ rgb })
      }),
    )
  })

  it.each(['', 'black', '#fff', '#12345', '#1234567', '123456', '#12345g', 'White ', '#123456\n'])(
    'refuses %j as a colour',
    (background) => {
      expect(() => sceneOf(patch, background)).toThrow(UsageError)
      expect(() => sceneOf(patch, background)).toThrow(/is not a colour; use white or #rrggbb/)
    },
  )
})
