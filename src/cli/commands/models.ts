import { Command } from 'commander'
import { importWeights, listNetworks, verifyNetwork } from '../../index.js'
import { byteSize, printJson, say, sayTable } from '../output.js'

export function modelsCommand(): Command {
  const models = new Command('models').description('networks and their weights')
  models
    .command('list')
    .description('what is known, what is present, under which licence')
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const networks = await listNetworks()
      if (json) return printJson(networks.map(({ entry, ...status }) => ({ ...entry, ...status })))
      sayTable(
        ['id', 'weights', 'size', 'layers', 'licence'],
        networks.map(({ entry, state, bytes }) => [
          entry.id,
          state,
          bytes === null ? '–' : byteSize(bytes),
          entry.layers.map(({ name }) => name).join(' '),
          entry.licence,
        ]),
      )
      const missing = networks.find(({ state }) => state === 'missing')?.entry
      if (missing)
        say(`missing weights: download ${missing.sources[0]?.url}, then: shiftscope models import ${missing.id} FILE`)
    })
  models
    .command('import')
    .description('check a checkpoint and keep it as the weights of a network')
    .argument('<id>', 'network (see: shiftscope models list)')
    .argument('<file>', 'PyTorch checkpoint')
    .option('--json', 'print one JSON document to stdout')
    .action(async (id: string, file: string, { json }: { json?: boolean }) => {
      const imported = await importWeights(id, file)
      if (json) return printJson(imported)
      say(`${id}: ${byteSize(imported.bytes)} kept as ${imported.path}`)
      say(`sha256 ${imported.sha256}: ${publishedText(imported.published)}`)
    })
  models
    .command('verify')
    .description('check a network’s file and run it on a fixed image')
    .argument('<id>', 'network (see: shiftscope models list)')
    .option('--json', 'print one JSON document to stdout')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const verified = await verifyNetwork(id)
      if (json) return printJson(verified)
      say(`${id}: ${verified.weightsPath}, ${byteSize(verified.bytes)}`)
      say(`sha256 ${verified.sha256}: ${publishedText(verified.published)}`)
      sayTable(
        ['layer', 'dims', 'norm', 'digest'],
        verified.layers.map(({ name, dims, norm, digest }) => [name, dims, norm.toFixed(4), digest]),
      )
    })
  return models
}

function publishedText(published: boolean | null): string {
  if (published === null) return 'no published hash is known'
  return published ? 'the published file' : 'not the published file'
}
