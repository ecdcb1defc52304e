import { mkdirSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { operandOf } from '../../../src/study/arithmetic/drawnExpression.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('a scene stays one beside a folder of its name, and gives way to a file', ({ skip }) => {
  skip(!isMainThread, 'a thread cannot change its folder')
  mkdirSync(inFolder('dog@0,0'))
  writeFileSync(inFolder('car@0,0'), '')
  const before = process.cwd()
  process.chdir(inFolder())
  try {
    expect(operandOf('A', 'dog@0,0', 75).objects).toMatchObject([{ size: 75, row: 0, col: 0 }])
    expect(operandOf('A', 'car@0,0', 75).objects).toBeNull()
  } finally {
    process.chdir(before)
  }
})
