import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { shiftscope } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

async function extracted(): Promise<string> {
  const what = ['--model', 'tiny-alexnet', '--patch', 'dog', '--size', '125', '--stride', '50', '--layers', 'fc7,fc8']
  const { status, stderr } = await shiftscope(
    'extract',
    ...what,
    '--background',
    '#204060',
    '--out',
    folder('features'),
  )
  expect(status, stderr).toBe(0)
  return folder('features')
}

describe('view', () => {
  it('writes the page of what extract wrote, with the patch, and of one of its arrays', async () => {
    const features = await extracted()
    const { status, stdout } = await shiftscope('view', features)
    expect([status, stdout]).toEqual([0, `open ${folder('features', 'index.html')}\n`])
    expect(existsSync(folder('features', 'site', 'features', '0', '0-0-0.js'))).toBe(true)
    const page = readFileSync(folder('features', 'index.html'), 'utf8')
    expect(page).toContain('object dog of 125×125 px')
    expect(page).toMatch(/the network answers [a-z -]+ with a probability of 0\.\d/)
    const one = await shiftscope('view', folder('features', 'fc7.npy'), '--out', folder('page'), '--json')
    expect(JSON.parse(one.stdout)).toEqual({
      ...{ page: folder('page', 'index.html'), hasPicture: true, model: 'tiny-alexnet', rows: 2, cols: 2 },
      layers: [{ name: 'fc7', dims: 768, hasFeatures: true }],
    })
  })

  it('says in one line what it cannot show', async () => {
    const { status, stderr } = await shiftscope('view', folder())
    expect(status).toBe(3)
    expect(stderr).toBe(
      `shiftscope: ${folder()} has no extract.json; give a folder that extract wrote, or a .npy file\n`,
    )
  })
})
