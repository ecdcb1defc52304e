import { Command } from 'commander'
import { addExamples } from '../options/help.js'
import { print, printJson, terminalColumns, wrapped } from '../output/output.js'
import type { Diagnosis } from './diagnosis.js'

export function doctorCommand(): Command {
  return addExamples(new Command('doctor'), 'shiftscope doctor')
    .description('check this machine, and say how to add what is missing')
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const { examine, verdictOn } = await import('./diagnosis.js')
      const findings = await examine()
      if (json) return printJson(findings)
      print(verdictOn(findings))
      for (const isOptional of [false, true]) {
        print('')
        if (isOptional) print('Optional:')
        for (const finding of findings) if (finding.optional === isOptional) printDiagnosis(finding)
      }
    })
}

function printDiagnosis({ subject, state, optional, detail, remedy }: Diagnosis): void {
  const mark = state === 'ok' ? '✓' : optional ? '–' : '✗'
  const text = `${subject}: ${remedy === undefined ? detail : `${detail}; ${remedy}`}`
  for (const [i, line] of wrapped(text, terminalColumns() - 2).entries()) print(`${i === 0 ? mark : ' '} ${line}`)
}
