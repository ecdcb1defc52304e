import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { nodeDiagnosis } from '../../../src/cli/commands/diagnosis.js'
import { packageFolder } from '../../../src/files/package.js'

it.each(['18.20.4', '20.0.0', '20.9.0', '20.16.0'])('Node.js %s is too old', (version) => {
  expect(nodeDiagnosis(version)).toMatchObject({
    state: 'gap',
    optional: false,
    remedy: 'install Node.js 20.17 or newer',
  })
})

it.each(['20.17.0', '20.18.1', '22.0.0', '24.1.0', '100.0.0'])('Node.js %s will do', (version) => {
  expect(nodeDiagnosis(version)).toMatchObject({ state: 'ok', detail: expect.stringContaining(`v${version}, `) })
})

it('package.json and README.md name the same oldest Node.js', () => {
  const { engines } = JSON.parse(readFileSync(`${packageFolder()}/package.json`, 'utf8'))
  const [, named] = /Node\.js ([\d.]+) or newer/.exec(readFileSync(`${packageFolder()}/README.md`, 'utf8')) ?? []
  expect(engines.node).toBe(`>=${named}`)
})
