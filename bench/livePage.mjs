/**
 * A client of the live page for the scripts in this folder: it sends an object and waits for its map.
 */
import sharp from 'sharp'
import { messageDecoder } from '../dist/page/live/messageCoding.js'

/** Side of the object in pixels. */
export const SIZE = 75

/** A square of a random colour, which the page has not seen before. */
export async function square() {
  const background = { r: Math.floor(Math.random() * 256), g: Math.floor(Math.random() * 256), b: 60 }
  return sharp({ create: { width: 90, height: 70, channels: 3, background } })
    .png()
    .toBuffer()
}

/** Sends an object to the page, and returns its key. */
async function add({ address }, png) {
  const response = await fetch(`${address}objects?name=square`, { method: 'POST', body: png })
  return (await response.json()).key
}

/**
 * Seconds until the first positions of a map, and until its end. Without `isWhole`, stops after the first positions.
 * @param since when the object was sent
 */
async function map({ address }, { id, layers, input }, key, stride, since, isWhole) {
  const anchor = { row: Math.floor((input.rows - SIZE) / 2), col: Math.floor((input.cols - SIZE) / 2) }
  const scene = { network: id, object: key, size: SIZE, stride, background: 'white', category: '' }
  const left = new AbortController()
  const response = await fetch(`${address}map`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...scene, layer: layers.at(-1).name, anchor, cursor: anchor }),
    signal: left.signal,
  })
  if (!response.ok) throw new Error(await response.text())
  const seconds = () => (performance.now() - since) / 1000
  const decode = messageDecoder()
  let first
  for await (const piece of response.body) {
    for (const message of decode(piece)) {
      if (message.kind === 'fault') throw new Error(message.message)
      if (message.kind === 'rows') first ??= seconds()
    }
    if (first !== undefined && !isWhole) break
  }
  if (first === undefined) throw new Error('the map ended without a position')
  const whole = seconds()
  left.abort()
  return { first, whole }
}

/**
 * Shows a new square of 75 px in all networks at a time.
 * @returns for each network, the seconds until the first positions of its map, and until its end
 */
export async function showSquare(page, networks, stride, isWhole) {
  const png = await square()
  const since = performance.now()
  const key = await add(page, png)
  return Promise.all(networks.map((network) => map(page, network, key, stride, since, isWhole)))
}
