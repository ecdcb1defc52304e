import { writeFileSync } from 'node:fs'

/** A driver that hangs; a file says that it was asked, where a test wants to know. */
process.on('message', () => {
  const { SHIFTSCOPE_TEST_ASKED: asked } = process.env
  if (asked) writeFileSync(asked, '')
})
