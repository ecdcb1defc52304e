import { existsSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { packageFolder } from '../../src/files/package.js'

// The compiled tests bring their code; what else the package has is linked before anything is loaded that reads it.
for (const name of ['bench', 'dist', 'models', 'native', 'package.json']) {
  const link = join(packageFolder(), name)
  if (!existsSync(link)) symlinkSync(resolve(name), link)
}
