import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../temporaryFolder.js'
import { shiftscope } from './process.js'

const folder = temporaryFolder()

describe('shiftscope patches', () => {
  it('lists the built-in ones', async () => {
    const { status, stdout } = await shiftscope('patches', 'list', '--json', '--sheet', folder('sheet.png'))
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(10)
  })

  it('names every object that it cannot make, and ends with status 3', async () => {
    const annotation = { id: 7, image_id: 1, category_id: 18, bbox: [0, 0, 50, 50], segmentation: [[0, 0, 9, 0, 9, 9]] }
    const file = {
      images: [{ id: 1, file_name: 'no.jpg', width: 60, height: 60 }],
      annotations: [annotation],
      categories: [{ id: 18, name: 'dog' }],
    }
    writeFileSync(folder('instances.json'), JSON.stringify(file))
    const args = ['--annotations', folder('instances.json'), '--images', folder(), '--out', folder('out')]
    const { status, stderr } = await shiftscope('patches', 'coco', ...args, '--classes', 'dog')
    expect(status).toBe(3)
    expect(stderr).toMatch(/^shiftscope: annotation 7: its image no.jpg is not there$/m)
    expect(stderr).toMatch(/1 of 1 patches could not be made and were not replaced/)
    expect(stderr).toMatch(/dog: only 1 of 20 objects/)
  })

  it.each([
    [2, /--annotations/, ['coco', '--out', 'x']],
    [2, /--images, or fetch them with --download/, ['coco', '--annotations', 'x', '--out', 'x']],
    [3, /no such file/, ['coco', '--annotations', 'nothing.json', '--images', '.', '--out', 'x']],
    [3, /no such folder/, ['images', 'nothing', '--out', 'x']],
    [3, /no such file or folder/, ['list', 'nothing']],
  ])('ends with status %i and says %s for %j', async (expected, message, args) => {
    const { status, stderr } = await shiftscope('patches', ...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(expected)
  })
})
