/** npm runs this after packing a checkout. It prints the platforms for which the package has no binary. */
import { existsSync } from 'node:fs'
import { stderr } from 'node:process'

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64']

const missing = PLATFORMS.filter((platform) => !existsSync(`prebuilds/shiftscope-${platform}`))
if (missing.length > 0)
  stderr.write(
    `shiftscope: the package has no binary for ${missing.join(', ')}; run "npm run build:prebuilds" on each, or its users need CMake and a C++20 compiler\n`,
  )
