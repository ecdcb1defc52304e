import { existsSync, readFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { GIVE_PATH, InputError, OUT, RUN_AGAIN, words } from '../../src/errors.js'
import { fileStem, type Objects, openObjects } from '../../src/explore/objects.js'
import { pageWords } from '../../src/explore/pageWords.js'
import { openSentFiles } from '../../src/explore/sentFiles.js'

describe('a file that is sent', () => {
  async function* pieces(...sizes: readonly number[]) {
    for (const size of sizes) yield Buffer.alloc(size, 7)
  }
  const sent = (...sizes: readonly number[]) => ({ name: 'my.onnx', bytes: 0, pieces: pieces(...sizes) })

  it('is stored as long as it is open, under a name that its errors do not tell', async () => {
    const files = openSentFiles()
    let path = ''
    const opened = await files.take(sent(4, 6), 'x.onnx', 10, async (at) => {
      path = at
      return readFileSync(at)
    })
    expect(opened).toEqual(Buffer.alloc(10, 7))
    expect(existsSync(path)).toBe(true)
    const refused = files.take(sent(1), 'y.onnx', 10, async (at) => {
      path = at
      throw new InputError(`${at} is none; look at ${at}`)
    })
    await expect(refused).rejects.toThrow(/^y\.onnx is none; look at y\.onnx$/)
    expect(existsSync(path)).toBe(false)
    await files.remove()
    expect(existsSync(path.replace(/y\.onnx$/, ''))).toBe(false)
  })

  it('is no larger than it may be, whatever is stated, and one at a time', async () => {
    const files = openSentFiles()
    const open = async () => 'open'
    const most = 2.9e6
    const message = 'my.onnx is larger than the 2 MB left for uploads; start Shiftscope with the path of the network'
    await expect(files.take(sent(2e6, 9e5 + 1), 'x.onnx', most, open)).rejects.toThrow(message)
    await expect(files.take({ ...sent(1), bytes: most + 1 }, 'x.onnx', most, open)).rejects.toThrow(message)
    const both = [
      files.take({ ...sent(most), bytes: most }, 'x.onnx', most, open),
      files.take(sent(1), 'y.onnx', most, open),
    ]
    expect(await Promise.allSettled(both)).toEqual([
      { status: 'fulfilled', value: 'open' },
      {
        status: 'rejected',
        reason: new InputError('another file is still being opened; add this one again when it is done'),
      },
    ])
    expect(await files.take(sent(1), 'y.onnx', most, open)).toBe('open')
    await files.remove()
  })
})

describe('a picture that is sent', () => {
  const forever = new AbortController().signal
  const picture = (background: object, width = 8) =>
    sharp({ create: { width, height: 8, channels: 4, background } as never })
      .png()
      .toBuffer()
  const red = (r: number) => picture({ r, g: 0, b: 0, alpha: 1 })
  let objects: Objects
  beforeAll(async () => {
    objects = await openObjects()
  })

  it.each([
    ['../../etc/passwd.png', 'etc-passwd'],
    ['<script>alert(1)</script>.png', 'script-alert-1-script'],
    ['', 'object'],
    ['.png', 'object'],
    ['x'.repeat(5000), 'x'.repeat(60)],
    ['e\u0301te\u0301.tar.gz', 'été-tar'],
    ['כלב 2.jpg', 'כלב-2'],
  ])('has a name that is one, whatever its file is called: %s', (name, expected) => {
    expect(fileStem(name, 'object')).toBe(expected)
  })

  it('is an object; the same picture is the same one, and the oldest of 33 go', async () => {
    const builtIn = objects.list().length
    const first = await objects.add(await red(0), 'one.png', forever)
    expect(first).toEqual({ key: builtIn, name: 'one', isPhotograph: false, category: '' })
    expect(await objects.add(await red(0), 'else.png', forever)).toEqual(first)
    for (let i = 1; i <= 31; i++) await objects.add(await red(i), 'one.png', forever)
    expect([objects.find(first.key).name, objects.list().at(-1)?.name]).toEqual(['one', 'one-32'])
    await objects.add(await red(32), 'one.png', forever)
    expect(() => objects.find(first.key)).toThrow(new InputError('this object is no longer in memory; add it again'))
    expect(objects.list()).toHaveLength(builtIn + 32)
    const { rgba } = await objects.patch(builtIn + 32, 4, 224)
    expect([...rgba.slice(0, 4)]).toEqual([32, 0, 0, 255])
    await expect(objects.patch(builtIn + 32, 225, 224)).rejects.toThrow('does not fit')
    // The page still lists the first `one`, which is gone.
    expect(await objects.add(await red(33), 'one.png', forever)).toEqual({
      key: builtIn + 33,
      name: 'one-34',
      isPhotograph: false,
      category: '',
    })
  })

  it('shows something, or is refused', async () => {
    const nothing = objects.add(await picture({ r: 0, g: 0, b: 0, alpha: 0.4 }), 'x.png', forever)
    await expect(nothing).rejects.toThrow(
      'the picture shows no object: it has no opaque pixels (alpha of 128 or more); choose another',
    )
  })
})

it.each([
  ['the file `a` is damaged; export it again', 'the file `a` is damaged; export it again'],
  [
    words`impossible with \`outputKind scores\`; leave it out, or use \`device cpu\``,
    'impossible with “output kind scores”. You choose settings for this when you start Shiftscope.',
  ],
  [
    words`a worker failed; ${RUN_AGAIN}, or with a smaller \`batch\` or fewer \`workers\``,
    'a worker failed; try again. You choose settings for this when you start Shiftscope.',
  ],
  [
    words`a is too large; export it again; use \`device cpu\``,
    'a is too large; export it again. You choose settings for this when you start Shiftscope.',
  ],
  [words`${GIVE_PATH} a file`, 'add a file'],
  [words`a worker failed; ${RUN_AGAIN}`, 'a worker failed; try again'],
  [
    words`it has others; choose another ${OUT}, or remove it`,
    'it has others; choose another results folder, or remove it',
  ],
])('tells on the page without options and commands: %s', (message, expected) => {
  expect(pageWords(message)).toBe(expected)
})

it('knows what built-in objects are, unless the user says it of all objects', async () => {
  const [own, said] = [await openObjects(), await openObjects('mug')]
  expect([own, said].map((objects) => objects.list().find(({ name }) => name === 'dog')?.category)).toEqual([
    'dog',
    'mug',
  ])
})
