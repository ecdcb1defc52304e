/**
 * What npm runs in a checkout after installing it: the TypeScript build. The first `npx shiftscope` there runs it as well, to
 * install a link to the checkout; that changes nothing, since somebody may be running what is built.
 */
import { execSync } from 'node:child_process'

if (process.env.npm_command !== 'exec') execSync('npm run build', { stdio: 'inherit' })
