import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeImage, drawingLimits } from '../../src/patches/image.js'
import { machineMemory } from '../../src/support/machine.js'
import { messageOf } from '../support/messageOf.js'

/** SVG of a square of pixels. */
const svg = (side: number, content: string) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${content}</svg>`)

describe('a drawing', () => {
  const bytes = svg(2, '<rect width="2" height="1" fill="#123456"/>')

  it.each([
    ['as it is', bytes],
    ['compressed', gzipSync(bytes)],
    ['behind a declaration', Buffer.concat([Buffer.from('<?xml version="1.0"?><!-- a -->'), bytes])],
  ])('is drawn at its own size: %s', async (_, file) => {
    const { rows, cols, data } = await decodeImage(file, 'x')
    expect([rows, cols, ...data]).toEqual([2, 2, 18, 52, 86, 255, 18, 52, 86, 255, ...Array<number>(8).fill(0)])
  })
})

describe('a drawing that asks for more than there is', () => {
  it('has a minute, and half of the memory', () => {
    expect(drawingLimits()).toEqual({ seconds: 60, bytes: Math.min(4 * 2 ** 30, machineMemory() / 2) })
  })

  const generous = { seconds: 60, bytes: Number.POSITIVE_INFINITY }
  const filter = '<filter id="f"><feMorphology operator="dilate" radius="2000"/></filter>'
  const endless = svg(5000, `${filter}<rect width="5000" height="5000" filter="url(#f)"/>`)

  it('is given up after its time', async () => {
    const message = await messageOf(decodeImage(endless, 'x.svg', undefined, { ...generous, seconds: 0.5 }))
    expect(message).toBe('cannot read x.svg: it takes longer than 0.5 s; convert it to PNG')
  })

  it('is given up beyond its memory', async () => {
    const layers = 40
    const group = '<g opacity=".5"><path d="M0 0h8000v8000H0z"/>'
    const bytes = svg(8000, `${group.repeat(layers)}${'</g>'.repeat(layers)}`)
    const message = await messageOf(decodeImage(bytes, 'x.svg', undefined, { ...generous, bytes: 300 * 2 ** 20 }))
    expect(message).toBe('cannot read x.svg: it takes more than 300 MiB of memory; convert it to PNG')
  })

  it('is ended by a signal', async () => {
    const stop = new AbortController()
    const drawn = decodeImage(endless, 'x.svg', stop.signal, generous)
    setTimeout(() => stop.abort(new Error('enough')), 200)
    await expect(drawn).rejects.toThrow('enough')
  })
})
