/**
 * npm runs it in a checkout after installing it. It builds the TypeScript. The first `npx shiftscope` in a checkout
 * installs a link to the checkout and runs this script too. It must not build then, because the built files may be in
 * use.
 */
import { execSync } from 'node:child_process'

if (process.env.npm_command !== 'exec') execSync('npm run build', { stdio: 'inherit' })
