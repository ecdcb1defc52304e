import { describe, expect, it } from 'vitest'
import { shiftscope } from './process.js'

describe('shiftscope bench', () => {
  it('times the stages of a unit, and names what ran', async () => {
    const { status, stdout } = await shiftscope('bench', 'unit', '--models', 'tiny-alexnet', '--stride', '30', '--json')
    expect(status).toBe(0)
    const [unit] = JSON.parse(stdout)
    expect(unit).toMatchObject({ model: 'tiny-alexnet', size: 75, stride: 30, images: 29, device: 'cpu' })
    for (const stage of ['extraction', 'similarity', 'separability']) expect(unit[stage]).toBeGreaterThan(0)
  })

  it('measures one device, which has to be named', async () => {
    const { status, stderr } = await shiftscope('bench', 'extract', '--device', 'auto')
    expect(status).toBe(2)
    expect(stderr).toContain('name it')
  })

  it('ends with 4 where the device cannot be used', async () => {
    const { status, stderr } = await shiftscope('bench', 'unit', '--models', 'tiny-alexnet', '--device', 'cuda:9')
    expect(status).toBe(4)
    expect(stderr).toMatch(/^shiftscope: device cuda:9 is not usable: /)
  })
})
