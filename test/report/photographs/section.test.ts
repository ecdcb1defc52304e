import { describe, expect, it } from 'vitest'
import { labelWidth } from '../../../src/plot/layout.js'
import { type MadeValues, madeNetwork, madePage } from '../../support/madeAnswers.js'

/** Photographs whose agreements are these. */
const agreeing = (...agreements: readonly number[]): readonly MadeValues[] =>
  agreements.map((agreement) => [agreement, 0.5, 0.75])

const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

/** Twelve photographs, whose agreements are these in turn. */
const twelve = (...agreements: readonly number[]): readonly MadeValues[] =>
  agreeing(...Array.from({ length: 12 }, (_, i) => agreements[i % agreements.length] ?? 0))

const [BEST, CLOSE, FAR] = [
  madeNetwork('best', twelve(1, 0.8, 1, 0.8)),
  madeNetwork('close', twelve(0.6, 1, 1, 0.8)),
  madeNetwork('far', twelve(0.4, 0.2, 0.5, 0.1)),
]

describe('the result in words', () => {
  it('names a network that is better than every other one, and gives a sentence to quote', async () => {
    const text = textOf(await madePage([FAR, BEST]))
    expect(text).toContain(
      'best is the most consistent of 2 networks In the protocol crop (agreement relative to chance',
    )
    expect(text).toContain(
      'best has 90.0 ± 6.6 %. Rank 1: best. Rank 2: far. A difference counts if it has p &lt; 0.05.',
    )
    // The paired differences are 0.6, 0.6, 0.5 and 0.7, three times. Student's t is 2.201.
    expect(text).toContain(
      'Crop agreement relative to chance (Zhang, 2019) of best is 60.0 points higher than that of far (95 % interval 55.3 to 64.7, 12 photographs).',
    )
  })

  it('names the networks that may be the best one', async () => {
    const text = textOf(await madePage([FAR, CLOSE, BEST]))
    expect(text).toContain('best or close is the most consistent of 3 networks')
    expect(text).toContain(
      'Rank 1–2: best and close. Rank 3: far. The data do not tell apart networks whose ranks overlap. A difference counts if it has p &lt; 0.05 after Holm’s correction for 3 pairs.',
    )
    expect(text).toMatch(
      /of best is 5.0 points higher than that of close, which may be chance \(95 % interval −[\d.]+ to [\d.]+, 12 photo/,
    )
    const two = textOf(await madePage([CLOSE, BEST]))
    expect(two).toContain('No clear difference in consistency between 2 networks')
    expect(two).toContain('The data do not tell best and close apart: no difference has p &lt; 0.05.')
  })

  it('compares networks on the photographs that both measured', async () => {
    const partly = madeNetwork('partly', [...twelve(0.4, 0.2, 0.5).slice(1), undefined])
    const text = textOf(await madePage([BEST, partly]))
    expect(text).toMatch(/higher than that of partly \(95 % interval [\d.]+ to [\d.]+, 11 photographs\)/)
    expect(text).toContain('Values are means over 11 to 12 photographs (0.png to 11.png).')
    expect(text).toContain('1 photograph could not be used')
  })

  it('claims nothing from fewer than ten photographs', async () => {
    const [one, other] = [1, 0].map((agreement) =>
      madeNetwork(`${agreement}`, agreeing(...Array<number>(9).fill(agreement))),
    )
    const html = await madePage([one!, other!])
    expect(textOf(html)).toContain('Too few photographs to rank 2 networks In')
    expect(textOf(html)).toContain(
      '1 and 0 are not ranked, because a rank needs at least 10 photographs that both networks measured.',
    )
    expect(html).not.toMatch(/★ \d|class="quote"/)
  })
})

describe('networks that cannot be ranked together', () => {
  const facts = { classes: 10, classesSha256: 'a', parameters: 1_500_000, multiplyAdds: 999_600 }
  const first = madeNetwork('first', twelve(1, 0.8), { facts })

  it.each([
    ['frames', { facts, frame: 64 }, '64×64 px, 10 classes'],
    ['numbers of classes', { facts: { ...facts, classes: 1001 } }, '32×32 px, 1,001 classes'],
    ['classes', { facts: { ...facts, classesSha256: 'b' } }, '32×32 px, 10 classes'],
    ['shifts', { facts, draws: 2 }, '32×32 px, 10 classes'],
  ])('have different %s, and are shown side by side', async (what, settings, described) => {
    const html = await madePage([first, madeNetwork('second', twelve(0.4, 0.2), settings)])
    const text = textOf(html)
    expect(text).toContain('2 networks side by side, not ranked together In the protocol crop')
    expect(text).toContain(
      `Networks with different ${what} are not ranked together: first (32×32 px, 10 classes); second (${described}).`,
    )
    expect(html).toContain('<th scope="row">second</th><td>–</td><td>30.0 ± 6.6 %</td>')
    expect(html).not.toMatch(/★ \d|class="quote"/)
  })

  it('do not keep others from their ranks, and nobody gets a star', async () => {
    const second = madeNetwork('second', twelve(0.4, 0.2), { facts })
    const other = madeNetwork('other', twelve(0.9), { frame: 64 })
    const html = await madePage([other, second, first])
    expect(textOf(html)).toContain('3 networks side by side, not all ranked together')
    expect(textOf(html)).toContain('Rank 1: first. Rank 2: second.')
    expect(html).toContain('<th scope="row">first</th><td>1</td>')
    expect(html).not.toContain('★ 1')
  })

  it('are not those of which an earlier version stored nothing', async () => {
    expect(await madePage([first, madeNetwork('earlier', twelve(0.4, 0.2))])).toContain('★ 1')
  })

  it('are also constant ones, of which page and chart say why', async () => {
    const constant = madeNetwork('constant', twelve(1), { isConstant: true })
    const html = await madePage([FAR, constant, BEST])
    expect(textOf(html)).toContain('best is the most consistent of 2 networks')
    expect(html).toContain('<th scope="row">constant</th><td>–</td><td>–</td>')
    const words = 'constant is not drawn, because it gives the same answer to 12 of 12 photographs; its consistency'
    expect(textOf(html)).toContain(words)
  })
})

describe('the table of networks', () => {
  it('has ranks, differences from the first network with their intervals, and sizes', async () => {
    const facts = { classes: 1000, parameters: 4_222_063, multiplyAdds: 568_741_376 }
    const html = await madePage([FAR, CLOSE, BEST, madeNetwork('big', twelve(0.1, 0.2), { facts })])
    expect(html).toContain('<th scope="row">best</th><td>1–2</td><td>90.0 ± 6.6 %</td>')
    expect(html).toMatch(/close<\/th><td>1–2<\/td><td>85.0 ± \d+.\d %<br><small>−5.0 \(−[\d.]+ to \+[\d.]+\)<\/small>/)
    expect(html).toContain('<td>1,000</td><td>32 px</td><td>4.22 M</td><td>569 M</td>')
    // A protocol has one column, whichever networks have measured it.
    expect(html.match(/<th scope="col">crop<br>/g)?.length).toBe(1)
  })

  it('has a second one with all pairs and their p values', async () => {
    const text = textOf(await madePage([FAR, CLOSE, BEST]))
    expect(text).toMatch(/best − far \+60.0 \(\+55.3 to \+64.7\) 12 photographs p &lt; 0.001 best is better/)
    expect(text).toMatch(/best − close \+5.0 \(−[\d.]+ to \+[\d.]+\) 12 photographs p = 0.\d+ not told apart/)
  })
})

it('shows a single network without comparisons', async () => {
  const html = await madePage([BEST])
  expect(textOf(html)).toContain('Consistency in each protocol In the protocol crop')
  expect(html).not.toMatch(/★|class="quote"|class="scatter"|href="#pair-/)
  expect(html).toContain('<details open>')
  expect(html.match(/<figure>/g)?.length).toBe(12)
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
      ['pair-1-2', 'b minus a: +58.0 (+2.2 to +113.8)'],
      ['pair-1-3', 'c minus a: +18.0 (+1.8 to +34.2)'],
      ['pair-2-3', 'c minus b: −40.0 (−106.3 to +26.3)'],
    ])
  })

  it('are twelve at most', async () => {
    const networks = [0, 0.01].map((step) =>
      madeNetwork(
        `by ${step}`,
        Array.from({ length: 14 }, (_, i): MadeValues => [0.5, i * step, 0.9]),
      ),
    )
    const names = Array.from({ length: 12 }, (_, i) => `${13 - i}.png`)
    expect(shownIn(await madePage(networks), 'pair-1-2')).toEqual(names)
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
  expect(html).not.toContain('<script>alert')
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
})

describe('a constant network', () => {
  const constant = madeNetwork('constant', agreeing(1, 1, 1, 1), { isConstant: true })

  it('is not marked, although its answers never change, and comes last', async () => {
    const html = await madePage([constant, FAR, BEST])
    const text = textOf(html)
    expect(text).toContain(
      'In crop, diagonal: constant gives the same answer to 4 of 4 photographs; its consistency says nothing.',
    )
    const rows = [...html.matchAll(/<tr>(?:(?!<\/tr>).)*<\/tr>/gs)].map(([row]) => textOf(row).trim())
    expect(rows.filter((row) => row.includes('★'))).toEqual([expect.stringMatching(/^best ★ 1/)])
    const shares = rows.filter((row) => row.includes('same answer in two random crops'))
    expect(shares.map((row) => row.split(' ')[0])).toEqual(['best', 'far', 'constant'])
  })

  it('has no star even if there is no other network, and gives none to the only other one', async () => {
    expect(textOf(await madePage([constant, BEST]))).not.toMatch(/★ \d/)
    expect(textOf(await madePage([constant, constant]))).not.toMatch(/★ \d/)
  })
})
