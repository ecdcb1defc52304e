#!/usr/bin/env node
// Committed, so that it is there in a checkout that nothing was built in.
import { existsSync } from 'node:fs'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(main)) await import(main.href)
else {
  process.stderr.write('shiftscope: this checkout is not built; run "npm install" without --ignore-scripts\n')
  process.exitCode = 1
}
