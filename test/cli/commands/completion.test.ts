import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { programWith } from '../../../src/cli/program.js'
import { runHere } from '../../support/inProcess.js'
import { leftOut } from '../../support/leftOut.js'
import { runBash, subcommandsOf } from '../../support/shell.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

describe.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))('completion in bash', () => {
  it.each<[string, readonly string[]]>([
    ['shiftscope re', ['reproduce', 'report']],
    ['shiftscope models ', ['list', 'inspect', 'pull', 'import', 'verify']],
    ['shiftscope models inspect --we', ['--weights']],
    ['shiftscope --verbose patches li', ['list']],
    ['shiftscope reproduce --preset ', ['quick', 'paper']],
    ['shiftscope completion ', ['bash', 'zsh', 'fish']],
    // Files, which bash itself completes.
    ['shiftscope reproduce --out ', []],
    ['shiftscope similarity ', []],
    ['shiftscope similarity --p', ['--png']],
  ])('of "%s" is %j', async (line, expected) => {
    writeFileSync(inFolder('script'), (await runHere(['completion', 'bash'])).stdout)
    const ask = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shiftscope; printf '%s\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = runBash(ask, [inFolder('script'), ...line.split(' ')])
    expect([stdout.split('\n').filter(Boolean), stderr]).toEqual([expected, ''])
  })
})

it.each(['bash', 'zsh', 'fish'])('the script for %s has every command and option', async (shell) => {
  const { stdout } = await runHere(['completion', shell])
  const program = programWith({ signal: new AbortController().signal })
  for (const command of subcommandsOf(program)) {
    expect(stdout).toContain(command.name())
    for (const { long } of command.options) expect(stdout).toContain(shell === 'fish' ? `-l ${long?.slice(2)}` : long)
  }
})
