import { expect, it } from 'vitest'
import { asFlags, knowFlags } from '../../../src/cli/output/flags.js'
import { programWith } from '../../../src/cli/program.js'
import { RUN_AGAIN, words } from '../../../src/errors.js'

import { subcommandsOf } from '../../support/shell.js'

const program = programWith({ signal: new AbortController().signal })
const commands = subcommandsOf(program)

it.each([
  ['reproduce', words`give \`keepFeatures\``, 'give --keep-features'],
  ['reproduce', words`choose \`device cpu\`, or \`batch 4\``, 'choose --device cpu, or --batch 4'],
  ['reproduce', words`the weight \`C\``, 'the weight --C'],
  ['patches', words`name it in \`imageHosts a,b\``, 'name it in `imageHosts a,b`'],
  ['coco', words`name it in \`imageHosts a\``, 'name it in --image-host a'],
  ['arithmetic', words`name one of \`generators FILE.onnx\``, 'name one of --generator FILE.onnx'],
  ['arithmetic', words`use another of the \`layers\``, 'use another of the --layer'],
  ['unit', words`use one of \`model\``, 'use one of --models'],
  ['reproduce', 'the file is called `device`', 'the file is called `device`'],
  [
    'reproduce',
    words`the file ${'`device`; x, or y'} is none; ${RUN_AGAIN}`,
    'the file `device`; x, or y is none; run the same command again',
  ],
  ['extract', words`use a smaller stride, or \`experiments similarity\``, 'use a smaller stride'],
  ['extract', words`use \`stride\`, or \`experiments similarity\`; or wait`, 'use --stride; or wait'],
  ['reproduce', words`use \`stride\`, or \`experiments similarity\``, 'use --stride, or --experiments similarity'],
  ['extract', words`use a, or \`experiments similarity\`, or give \`stride 2\``, 'use a, or give --stride 2'],
  ['extract', words`use a, or \`nothing that any command has\``, 'use a, or `nothing that any command has`'],
  ['extract', words`${words`a is none; use b`}, or \`experiments similarity\``, 'a is none; use b'],
])('%s says: %s', (name, message, told) => {
  knowFlags(commands.find((command) => command.name() === name) ?? program, commands)
  expect(asFlags(message)).toBe(told)
})
