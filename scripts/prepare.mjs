/**
 * Builds the TypeScript. npm runs this script after `npm install` in a checkout. The first `npx shiftscope` in a
 * checkout installs a link to the checkout and runs this script, too. It must not build then, because the built files
 * may be in use.
 */
import { execSync } from 'node:child_process'

if (process.env.npm_command !== 'exec') execSync('npm run build', { stdio: 'inherit' })
