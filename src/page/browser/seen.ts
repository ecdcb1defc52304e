import type { Box } from '../../experiments/answers/boxes.js'
import { detectionAt } from '../../experiments/answers/detections.js'
import type { HeadKind } from '../../network.js'
import { type SvgElement, svg } from '../../plot/svg.js'
import { namedAnswer } from './answers.js'
import type { MapValue } from './mapValues.js'
import type { Regions } from './regions.js'

/** What each kind of output draws into the frame at the cursor. */
export const SEEN: Readonly<Record<HeadKind, (reading: MapValue, regions: Regions) => readonly SvgElement[]>> = {
  classifier: () => [],
  detector: seenBoxes,
}

/**
 * A detector's boxes: that of the object's class and, if the answer is another class, that of the answer. The tag names
 * the answer, so only a box of another class has its name.
 */
function seenBoxes(
  { map, sighting, answer, name = '', ofCenter = 0, isNearby }: MapValue,
  regions: Regions,
): readonly SvgElement[] {
  if (sighting === undefined || isNearby) return []
  const { own: ownBox, answer: answerBox } = detectionAt(sighting)
  const box = (of: string, [left, top, right, bottom]: Box) => {
    const stroke = `rgb(${regions.colourOfClass(of).join(' ')})`
    return svg('rect', { class: 'seen', stroke, x: left, y: top, width: right - left, height: bottom - top })
  }
  const wanted = map.answers?.strongest.names[0] ?? ''
  const own = namedAnswer(wanted, ofCenter)
  if (answer === own) return [box(wanted, ownBox)]
  const [left, , right, bottom] = ownBox
  const isRight = left > map.fitted.group.frame / 2
  const place = { x: isRight ? right - 4 : left + 4, y: bottom - 5, 'text-anchor': isRight ? 'end' : 'start' }
  return [box(name, answerBox), box(wanted, ownBox), svg('text', { ...place }, right > left ? own : '')]
}
