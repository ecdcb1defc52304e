import { h, type RefObject, type VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { GridShape } from '../../experiments/maps/grid.js'
import { attributeText, type SvgElement, svg } from '../../plot/svg.js'
import type { PanelId } from '../site/view.js'
import type { Colour } from './regions.js'

/** Converts an SVG element to a Preact node. Text is never parsed as markup. */
export function drawn({ name, attributes, children }: SvgElement): VNode {
  const texts = Object.entries(attributes).map(([key, value]) => [key, attributeText(value)])
  return h(
    name,
    Object.fromEntries(texts),
    ...children.map((child) => (typeof child === 'string' ? child : drawn(child))),
  )
}

/**
 * Draws one canvas pixel per position. CSS enlarges the canvas without smoothing.
 * @param grid if it is undefined, the canvas is empty
 */
export function paint(
  canvas: HTMLCanvasElement,
  grid: GridShape | undefined,
  colourAt: (position: number) => Colour,
): void {
  const { rows, cols } = grid ?? { rows: 0, cols: 0 }
  canvas.width = cols
  canvas.height = rows
  if (grid === undefined) return
  const image = new ImageData(cols, rows)
  for (let i = 0; i < rows * cols; i++) image.data.set([...colourAt(i), 255], 4 * i)
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}

/** Half the width of `panelMark`, in CSS pixels. */
export const MARK = 4

/** A point of map A or B in a chart, with the shape of its badge: round or square. */
export function panelMark(panel: PanelId, x: number, y: number): SvgElement {
  if (panel === 'a') return svg('circle', { class: 'dot a', cx: x, cy: y, r: MARK })
  return svg('rect', { class: 'dot b', x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK })
}

/** Updates all widths that `useWidth` has returned, for example before the page is printed. */
export function measureAgain(): void {
  for (const measure of measures) measure()
}

const measures = new Set<() => void>()

/** @returns a ref for the element, and its width in CSS pixels, which is 0 until it is measured */
export function useWidth<T extends HTMLElement>(): readonly [RefObject<T | null>, number] {
  const box = useRef<T>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const measure = () => setWidth(box.current?.clientWidth ?? 0)
    const observer = new ResizeObserver(measure)
    if (box.current) observer.observe(box.current)
    measures.add(measure)
    measure()
    return () => {
      observer.disconnect()
      measures.delete(measure)
    }
  }, [])
  return [box, width]
}

/** After this time, in milliseconds, everything counts as near: the page may be printed without being scrolled. */
const SOON = 1500

/** @returns whether the element has come as near to the screen as `margin`, a distance in CSS */
export function useNear(box: RefObject<Element | null>, margin: string): boolean {
  const [isNear, setNear] = useState(false)
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setNear(entries.some((one) => one.isIntersecting)), {
      rootMargin: margin,
    })
    if (box.current && !isNear) observer.observe(box.current)
    const timer = isNear ? undefined : setTimeout(() => setNear(true), SOON)
    return () => {
      observer.disconnect()
      clearTimeout(timer)
    }
  }, [isNear])
  return isNear
}
