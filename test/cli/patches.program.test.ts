import { readdirSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { shiftscope, start } from '../support/commandLine.js'
import { fileAnswer, startServer } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const FILES = ['--annotations', 'x', '--out', 'x', '--download']

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
    expect(stderr).toMatch(/1 of 1 patch could not be made, so that nothing was replaced there/)
    expect(stderr).toMatch(/dog: only 1 of 20 objects/)
  })

  it('asks no host for an image but COCO’s and those that --image-host names', async () => {
    const data = Buffer.alloc(60 * 60 * 3, 90)
    const png = await sharp(data, { raw: { width: 60, height: 60, channels: 3 } })
      .png()
      .toBuffer()
    const server = await startServer(fileAnswer(png), 'http')
    const annotation = { image_id: 1, category_id: 18, bbox: [0, 0, 50, 50], segmentation: [[0, 0, 40, 0, 40, 40]] }
    const image = { file_name: 'conftest.py', width: 60, height: 60 }
    const file = {
      images: [
        { id: 1, ...image, coco_url: `http://127.0.0.1:${server.port}/1` },
        { id: 2, ...image, coco_url: `${server.address}/2` },
      ],
      annotations: [
        { ...annotation, id: 7 },
        { ...annotation, id: 8, image_id: 2 },
      ],
      categories: [{ id: 18, name: 'dog' }],
    }
    writeFileSync(folder('instances.json'), JSON.stringify(file))
    const args = ['--annotations', folder('instances.json'), '--out', folder('out'), '--classes', 'dog', '--download']
    const run = (...more: string[]) =>
      start(['patches', 'coco', ...args, ...more], { SHIFTSCOPE_CACHE: folder('cache') }).ended
    const refused = await run()
    expect(refused.status).toBe(3)
    expect(refused.stderr).toMatch(
      /^shiftscope: annotation 7: its image conftest.py could not be fetched: 127.0.0.1 is not asked unless it is named with --image-host 127.0.0.1; run the same command again to retry$/m,
    )
    expect(server.requests).toEqual([])
    expect((await run('--image-host', 'localhost', '--image-host', '127.0.0.1')).status).toBe(0)
    expect(readdirSync(folder('out/images'))).toEqual(['000000000001.png', '000000000002.png'])
  })

  it.each([
    [2, /--annotations/, ['coco', '--out', 'x']],
    [
      2,
      /"a:8080" is not the name of a host; use --image-host example.org/,
      ['coco', ...FILES, '--image-host', 'a:8080'],
    ],
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
