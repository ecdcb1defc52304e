import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeFileAtomic } from '../../src/files/atomic.js'
import { stageFolder } from '../../src/report/stagedFolder.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

describe('a staged folder', () => {
  it('leaves what stands in its place until it takes it, whole', async () => {
    mkdirSync(inFolder('site'))
    writeFileSync(inFolder('site', 'old'), '')
    const staged = stageFolder(inFolder('site'))
    const answer = await staged.fill(async (folder) => {
      await writeFileAtomic(join(folder, 'maps', '0.js'), '')
      await writeFileAtomic(join(folder, 'study.js'), '')
      return 'filled'
    })
    expect(answer).toBe('filled')
    expect(readdirSync(inFolder('site'))).toEqual(['old'])
    await staged.takePlace()
    await staged.remove()
    expect(readdirSync(inFolder())).toEqual(['site'])
    expect(readdirSync(inFolder('site'), { recursive: true }).sort()).toEqual(['maps', 'maps/0.js', 'study.js'])
  })

  it('leaves nothing if it is removed, and names its place where it cannot be written', async () => {
    const staged = stageFolder(inFolder('site'))
    await expect(
      staged.fill(async (folder) => {
        mkdirSync(join(folder, 'study.js', 'in the way'), { recursive: true })
        await writeFileAtomic(join(folder, 'study.js'), '')
      }),
    ).rejects.toThrow(`cannot write ${inFolder('site')}: there is a folder of this name`)
    await staged.remove()
    expect(readdirSync(inFolder())).toEqual([])
  })
})
