import { expect, it } from 'vitest'
import { asFlags, knowFlags } from '../../../src/cli/output/flags.js'
import { programWith } from '../../../src/cli/program.js'

import { subcommandsOf } from '../../support/shell.js'

const program = programWith({ signal: new AbortController().signal })
const commands = subcommandsOf(program)

it.each([
  ['reproduce', 'give `keepFeatures`', 'give --keep-features'],
  ['reproduce', 'choose `device cpu`, or `batch 4`', 'choose --device cpu, or --batch 4'],
  ['reproduce', 'the weight `C`', 'the weight --C'],
  ['patches', 'name it in `imageHosts a,b`', 'name it in `imageHosts a,b`'],
  ['coco', 'name it in `imageHosts a`', 'name it in --image-host a'],
  ['arithmetic', 'name one of `generators FILE.onnx`', 'name one of --generator FILE.onnx'],
  ['arithmetic', 'use another of the `layers`', 'use another of the --layer'],
  ['unit', 'use one of `model`', 'use one of --models'],
  ['reproduce', 'in the file `a.json` and `Reproduce`', 'in the file `a.json` and `Reproduce`'],
  ['extract', 'use a smaller stride, or `experiments similarity`', 'use a smaller stride'],
  [
    'extract',
    'use `stride`, or `experiments similarity`; or wait',
    'use --stride, or `experiments similarity`; or wait',
  ],
  ['reproduce', 'use `stride`, or `experiments similarity`', 'use --stride, or --experiments similarity'],
  ['extract', 'use a, or `experiments x`, or give `stride 2`', 'use a, or `experiments x`, or give --stride 2'],
  ['extract', 'use a, or `nothing that is an option`', 'use a, or `nothing that is an option`'],
])('%s says: %s', (name, message, told) => {
  knowFlags(commands.find((command) => command.name() === name) ?? program, commands)
  expect(asFlags(message)).toBe(told)
})
