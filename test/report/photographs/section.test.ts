import { describe, expect, it } from 'vitest'
import { labelWidth } from '../../../src/plot/layout.js'
import { type MadeValues, madeNetwork, madePage } from '../../support/madeAnswers.js'

/** Photographs whose agreements are these. */
const agreeing = (...agreements: readonly number[]): readonly MadeValues[] =>
  agreements.map((agreement) => [agreement, 0.5, 0.75])

const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

const [BEST, CLOSE, FAR] = [
  madeNetwork('best', agreeing(1, 0.8, 1, 0.8)),
  madeNetwork('close', agreeing(0.6, 1, 1, 0.8)),
  madeNetwork('far', agreeing(0.4, 0.2, 0.5, 0.1)),
]

describe('the result in words', () => {
  it('names the best network, the difference from the next one, and whether it may be chance', async () => {
    const text = textOf(await madePage([FAR, BEST]))
    expect(text).toContain('best is the most consistent of 2 networks In the protocol crop')
    // The paired differences are 0.6, 0.6, 0.5 and 0.7. Their standard deviation is √(0.02 / 3), and Student's t is 3.182.
    expect(text).toContain(
      'best has 90.0 ± 18.4 %. The next network, far, is 60.0 ± 13.0 points worse on the 4 photographs',
    )
    expect(text).toContain('The 95 % confidence interval of this difference does not contain 0.')
  })

  it('says if a difference may be chance', async () => {
    const text = textOf(await madePage([FAR, CLOSE, BEST]))
    expect(text).toContain('best is the most consistent of 3 networks, but the difference from 1 other may be chance')
    expect(text).toContain('close, is 5.0 ± 40.0 points worse')
    expect(text).toContain('The 95 % confidence interval of this difference contains 0, so it may be chance.')
  })

  it('compares networks on the photographs that both measured', async () => {
    const partly = madeNetwork('partly', [...agreeing(0.4, 0.2, 0.5), undefined])
    const text = textOf(await madePage([BEST, partly]))
    expect(text).toContain('partly, is 56.7 ± 14.3 points worse on the 3 photographs that both measured')
    expect(text).toContain('Values are means over 3 to 4 photographs (0.png to 3.png).')
    expect(text).toContain('1 photograph could not be used')
  })

  it('claims nothing from a single photograph', async () => {
    const text = textOf(await madePage([madeNetwork('one', agreeing(1)), madeNetwork('other', agreeing(0))]))
    expect(text).toContain('Shift consistency of 2 networks')
    expect(text).not.toContain('most consistent')
    expect(text).not.toContain('confidence interval of this difference')
  })
})

it('compares networks in a protocol only if they have the same settings of it', async () => {
  const html = await madePage([BEST, madeNetwork('other', agreeing(0.4, 0.2, 0.5, 0.1), { draws: 2 })])
  const text = textOf(html)
  expect(text).toContain('Shift consistency of 2 networks In the protocol crop')
  expect(text).toContain('The protocol crop has draws 1, seed 0 (best) or draws 2, seed 0 (other), so these networks')
  expect(html).toContain('<th scope="row">other</th><td>30.0 ± 29.1 %</td>')
  // The protocol diagonal has no settings.
  expect(html).toContain('aria-label="other minus best: ≈ +0.0 ± 0.0"')
})

it('marks the best network of each column, and differences that may be chance', async () => {
  const html = await madePage([FAR, CLOSE, BEST])
  expect(html).toContain('<th scope="row">best</th><td><b>★ 90.0 ± 18.4 %</b></td>')
  expect(html).toContain('<th scope="row">close</th><td>85.0 ± 30.5 %<br><small>≈ −5.0 ± 40.0</small></td>')
  expect(html).toContain('<small>−60.0 ± 13.0</small>')
  // All networks change the same share of answers, so all are the best.
  expect(html.match(/<b>★ 50.0 ± 0.0 %<\/b>/g)?.length).toBe(3)
})

it('shows a single network without comparisons', async () => {
  const html = await madePage([BEST])
  expect(textOf(html)).toContain('Consistency in each protocol In the protocol crop')
  expect(html).not.toMatch(/★|≈|class="scatter"|href="#pair-/)
  expect(html).toContain('<details open>')
  expect(html.match(/<figure>/g)?.length).toBe(4)
})

/** Names of the photographs that the page shows for a pair of networks. */
function shownIn(html: string, pair: string): readonly (string | undefined)[] {
  const part = html.split(`id="${pair}"`)[1]?.split('class="pair"')[0] ?? ''
  return [...part.matchAll(/<figcaption>(.*?)</g)].map(([, name]) => name)
}

describe('photographs', () => {
  it('are those that differ most between two networks, if both are confident', async () => {
    const changes = (...values: readonly (readonly [number, number])[]) =>
      values.map(([change, confidence]): MadeValues => [0.5, change, confidence])
    const networks = [
      madeNetwork('a', changes([0, 0.9], [0, 0.9], [0, 0.9], [0.2, 0.9], [0, 0.4])),
      madeNetwork('b', changes([0.2, 0.5], [0.8, 0.9], [0.9, 0.4], [0.2, 0.9], [1, 0.9])),
      madeNetwork('c', changes([0.2, 0.9], [0.1, 0.9], [0.3, 0.9], [0.5, 0.4], [0, 0.9])),
    ]
    const html = await madePage(networks)
    expect(shownIn(html, 'pair-1-2')).toEqual(['1.png', '0.png'])
    expect(shownIn(html, 'pair-1-3')).toEqual(['2.png', '0.png', '1.png'])
    expect(shownIn(html, 'pair-2-3')).toEqual(['4.png', '1.png'])
    const links = [...html.matchAll(/href="#(pair-.*?)" aria-label="(.*?)"/g)].map(([, id, words]) => [id, words])
    expect(links).toEqual([
      ['pair-1-2', 'b minus a: +58.0 ± 55.8'],
      ['pair-1-3', 'c minus a: +18.0 ± 16.2'],
      ['pair-2-3', 'c minus b: ≈ −40.0 ± 66.3'],
    ])
  })

  it('of a single network are those whose answer changes most, confident ones first', async () => {
    const html = await madePage([
      madeNetwork('a', [
        [0, 0.2, 0.9],
        [0, 0.9, 0.4],
        [0, 0, 0.9],
        [0, 0.3, 0.5],
      ]),
    ])
    expect(shownIn(html, 'pair-1')).toEqual(['3.png', '0.png', '1.png'])
    // The mean over all photographs, and over those with a probability of at least 0.5.
    expect(textOf(html)).toContain('lower is better 35.0 ± 61.6 % 4 photographs 16.7 ± 37.9 % 3 photographs')
  })

  it('are on the page once, with answers by name', async () => {
    const values = (change: number): readonly MadeValues[] => [
      [0, change, 0.9],
      [0, change, 0.9],
    ]
    const networks = ['a', 'b', 'c'].map((name, i) => madeNetwork(name, values(i / 4)))
    const html = await madePage(networks, { '0.png': Buffer.from('jpeg') })
    expect(html.match(/data:image\/jpeg/g)?.length).toBe(1)
    expect(html.match(/<use href="#photograph-1"\/>/g)?.length).toBe(3)
    expect(html.match(/<figure><figcaption>1\.png/g)?.length).toBe(3)
    expect(textOf(html)).toContain('a: 0.0 % ant bee ant: 3 frames bee: 3 frames b: 25.0 %')
  })

  it('of all windows are maps', async () => {
    const html = await madePage([madeNetwork('a', agreeing(0.5, 0.5), { protocols: ['crop-exact'] })])
    // In a frame of 32 px, a window has 5 positions along each axis. Answers alternate.
    expect(html).toContain('viewBox="0 0 5 5"')
    expect(html).toContain('M0 0h1v1h-1zM2 0h1v1h-1zM4 0h1v1h-1zM1 1h1v1h-1z')
  })
})

/** Names in a scatter, and the boxes that they need. */
function namesIn(svg: string) {
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" [^>]*class="name">(.*?)</g)]
  return texts.map(([, x, y, name = '']) => ({
    name,
    ...{ left: Number(x), right: Number(x) + labelWidth(name) * (12 / 18), y: Number(y) },
  }))
}

it('labels the dots of nine networks without overlaps, on wide and on narrow screens', async () => {
  const networks = Array.from({ length: 9 }, (_, i) =>
    madeNetwork(
      `network-${i}-with-a-long-name-${i}`,
      Array.from({ length: 6 }, (_, j): MadeValues => [0.6 + 0.01 * i + 0.05 * j, 0.5, 0.5 + 0.002 * i + 0.01 * j]),
    ),
  )
  const html = await madePage(networks)
  const scatters = html.split('class="scatter">')[1]?.split('</div>')[0]?.split('<svg').slice(1) ?? []
  expect(scatters.length).toBe(2)
  for (const [svg, width] of [
    [scatters[0], 640],
    [scatters[1], 350],
  ] as const) {
    const names = namesIn(svg ?? '')
    expect(names.length).toBe(9)
    for (const [i, one] of names.entries()) {
      expect(one.left).toBeGreaterThan(0)
      expect(one.right).toBeLessThan(width)
      for (const other of names.slice(i + 1))
        expect(Math.abs(one.y - other.y) >= 14 || one.right <= other.left || other.right <= one.left).toBe(true)
    }
  }
})

it('shows consistency over accuracy if two networks have labels, and otherwise over confidence', async () => {
  const labelled = (name: string) =>
    madeNetwork(name, agreeing(1, 0.8), { protocols: ['center', 'crop'], labels: true })
  expect(await madePage([labelled('one'), labelled('other'), FAR])).toContain(
    'over answer is right without a shift (%)',
  )
  expect(await madePage([labelled('one'), FAR])).toContain('over probability of the first answer')
})

it('ends the error bars of shares and probabilities at 0 and 1', async () => {
  const few: readonly MadeValues[] = [
    [1, 0.5, 0.1],
    [0, 0.5, 0.9],
  ]
  const html = await madePage([madeNetwork('one', few), madeNetwork('other', few)])
  const [scatter = ''] = html.split('class="scatter">')[1]?.split('</div>') ?? []
  const numbers = [...scatter.matchAll(/>([−\d.]+)<\/text>/g)].map(([, text]) => text)
  expect(numbers).toContain('100')
  expect(numbers.filter((text) => text?.startsWith('−'))).toEqual([])
})

it('shows hostile names as text', async () => {
  const name = '<script>alert(1)</script>"\'&'
  const html = await madePage([madeNetwork(name, agreeing(1, 0.5)), madeNetwork('b', agreeing(0, 0.5))])
  expect(html).not.toContain('<script')
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
})

describe('a constant network', () => {
  const constant = madeNetwork('constant', agreeing(1, 1, 1, 1), { isConstant: true })

  it('is not marked, although its answers never change, and comes last', async () => {
    const html = await madePage([constant, FAR])
    const text = textOf(html)
    expect(text).toContain(
      'In crop, diagonal: constant gives the same answer to 4 of 4 photographs; its consistency says nothing.',
    )
    const rows = [...html.matchAll(/<tr>(?:(?!<\/tr>).)*<\/tr>/gs)].map(([row]) => textOf(row).trim())
    expect(rows.filter((row) => row.includes('★'))).toEqual([expect.stringMatching(/^far ★/)])
    const shares = rows.filter((row) => row.includes('same answer in two random crops'))
    expect(shares.map((row) => row.split(' ')[0])).toEqual(['far', 'constant'])
  })

  it('has no star even if there is no other network', async () => {
    expect(textOf(await madePage([constant, constant]))).not.toMatch(/★ \d/)
  })
})
