/** Does what a library does that was given a file made for that. */
const { answerConfined } = await import('../../../dist/childProcess/answering.js')
const { InputError } = await import('../../../dist/errors.js')

const filled = []
const answers = {
  pid: () => process.pid,
  array: () => ({ data: new Uint8Array([1, 2, 3]) }),
  refuse: () => {
    throw new InputError('x.onnx is damaged; make it again')
  },
  fail: () => {
    throw new Error('out of order')
  },
  spin: () => {
    for (;;);
  },
  fill: () => {
    for (;;) filled.push(Buffer.alloc(1 << 24, 1))
  },
  abort: () => process.abort(),
}

answerConfined(async (question) => answers[question]())
