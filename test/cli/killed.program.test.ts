import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { writeModel } from '../../src/networks/onnx/model.js'
import { start, until } from '../support/commandLine.js'
import { exported } from '../support/exportedModel.js'
import { fileAnswer, startServer } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const env = () => ({ SHIFTSCOPE_CACHE: folder('cache'), TMPDIR: folder('tmp') })
const shiftscope = (...args: string[]) => start(args, env()).ended
const ATOMIC = new URL('../../dist/files/atomic.js', import.meta.url)
const DOG = new URL('../../models/patches/dog.png', import.meta.url)

const temporaries = (...way: string[]) =>
  existsSync(folder(...way)) ? readdirSync(folder(...way)).filter((name) => name.startsWith('.tmp-')) : []

/** Kills a process without warning while it writes files; what it leaves is one temporary beside each. */
async function killWriting(...paths: readonly string[]): Promise<void> {
  const script = `
    import { writeFileAtomic } from '${ATOMIC}'
    async function* endless() { for (;;) { yield new Uint8Array(1 << 10); await new Promise((resume) => setTimeout(resume, 20)) } }
    await Promise.all(process.argv.slice(1).map((path) => writeFileAtomic(path, endless())))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, '--', ...paths], { stdio: 'inherit' })
  const ended = new Promise((resolve) => child.on('close', resolve))
  await until(async () => paths.every((path) => temporaries(dirname(path).slice(folder().length)).length === 1))
  child.kill('SIGKILL')
  await ended
}

describe('after a kill, the next command that writes into the folder clears what was left', () => {
  it('by patches images', async () => {
    mkdirSync(folder('pictures'))
    copyFileSync(DOG, folder('pictures/dog.png'))
    const files = ['out/manifest.json', 'out/native/dog.png', 'out/75/dog.png'].map((path) => folder(path))
    await killWriting(...files)
    expect((await shiftscope('patches', 'images', folder('pictures'), '--out', folder('out'))).status).toBe(0)
    for (const way of ['out', 'out/native', 'out/75']) expect(temporaries(way)).toEqual([])
  })

  it('by extract', async () => {
    mkdirSync(folder('tmp'))
    await killWriting(folder('out/extract.json'))
    const args = ['--model', 'tiny-alexnet', '--patch', 'dog', '--size', '75', '--stride', '70', '--device', 'cpu']
    expect((await shiftscope('extract', ...args, '--out', folder('out'))).status).toBe(0)
    expect(temporaries('out')).toEqual([])
  })

  it('by models import, in the cache and where the system keeps temporary files', async () => {
    await killWriting(folder('cache/weights/vit_b_16.onnx'), folder('cache/graphs/vit.onnx'), folder('tmp/shiftscope'))
    await writeModel(folder('own.onnx'), exported())
    expect((await shiftscope('models', 'import', 'vit_b_16', folder('own.onnx'))).status).toBe(0)
    expect(temporaries('cache/weights')).toEqual([])
    expect(temporaries('cache/graphs')).toEqual([])
    expect((await shiftscope('models', 'inspect', 'vit_b_16')).status).toBe(0)
    expect(temporaries('tmp')).toEqual([])
  })

  it('by patches coco', async () => {
    const data = Uint8Array.from({ length: 60 * 60 * 3 }, (_, i) => (i * 37) % 251)
    const png = await sharp(data, { raw: { width: 60, height: 60, channels: 3 } })
      .png()
      .toBuffer()
    const server = await startServer(fileAnswer(png), 'http')
    const annotation = {
      id: 7,
      image_id: 1,
      category_id: 18,
      bbox: [0, 0, 50, 50],
      segmentation: [[0, 0, 40, 0, 40, 40]],
    }
    const file = {
      images: [{ id: 1, file_name: '1.png', width: 60, height: 60, coco_url: `${server.address}/1` }],
      annotations: [annotation],
      categories: [{ id: 18, name: 'dog' }],
    }
    writeFileSync(folder('instances.json'), JSON.stringify(file))
    const args = ['--annotations', folder('instances.json'), '--out', folder('out'), '--classes', 'dog']
    await killWriting(folder('out/images/000000000001.png'))
    expect((await shiftscope('patches', 'coco', ...args, '--download', '--image-host', 'localhost')).status).toBe(0)
    expect(readdirSync(folder('out/images'))).toEqual(['000000000001.png'])
  })
})
