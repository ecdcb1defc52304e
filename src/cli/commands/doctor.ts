import { Command } from 'commander'
import { examine } from '../../index.js'
import { asFlags } from '../flags.js'
import { print, printJson } from '../output.js'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine has and lacks: addon, instruction set, execution providers, weights')
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine()
      if (json) return printJson(findings)
      for (const { subject, state, detail, remedy } of findings) {
        print(`${state === 'ok' ? '✓' : '–'} ${subject}: ${asFlags(detail)}`)
        if (remedy) print(`    ${asFlags(remedy)}`)
      }
    })
}
