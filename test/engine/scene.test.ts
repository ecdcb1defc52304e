import { describe, expect, it } from 'vitest'
import { sceneOf } from '../../src/engine/scene.js'
import { UsageError } from '../../src/errors.js'
import { WHITE } from '../../src/patches/background.js'

const patch = { name: 'patch', size: 1, rgba: new Uint8Array(4), sha256: '' }

describe('scene', () => {
  it('is white and hard-edged unless told otherwise', () => {
    expect(sceneOf(patch)).toEqual({ patch, background: { rgb: [255, 255, 255] }, blend: 'hard' })
    expect(sceneOf(patch, WHITE, 'soft').blend).toBe('soft')
    expect(sceneOf(patch, '#0A7fFf').background).toEqual({ rgb: [10, 127, 255] })
  })

  it.each(['', 'black', '#fff', '#1234567', '123456', '#12345g', 'White ', '#123456\n'])(
    'refuses %j as a colour',
    (text) => {
      expect(() => sceneOf(patch, text)).toThrow(UsageError)
      expect(() => sceneOf(patch, text)).toThrow(/is not a colour; use white or #rrggbb/)
    },
  )
})
