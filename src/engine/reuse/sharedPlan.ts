import { type FeatureLayer, type Network, outputOf } from '../../network.js'
import type { Scene } from '../scene/task.js'
import { type CellWork, cellGraphs } from './cellGraphs.js'
import { plannedReuse } from './expected.js'
import type { ReuseLog } from './reuseLog.js'
import type { ReusePlan } from './reusePlan.js'

export interface SharedPlan extends CellWork {
  readonly plan: ReusePlan
  /** See `comparedLayers`. */
  readonly compared: readonly FeatureLayer[]
}

/** Plans reuse for a scene and writes its graphs, or returns the reason why every image must be computed in full. */
export async function planShared(
  network: Network,
  log: ReuseLog,
  scene: Scene,
  whole: Int32Array,
): Promise<SharedPlan | string> {
  const planned = await plannedReuse(network, scene, whole)
  if ('reason' in planned) {
    if (planned.isOfGraph) log.noteGraph(planned.reason)
    return planned.reason
  }
  const { graph, compared, cells, keys, plan } = planned
  const graphs = await cellGraphs(planned.network, graph, compared.map(outputOf), cells, plan.steps, keys.sources)
  return { plan, compared, graphs, steps: cells.steps.slice(0, plan.steps), shapes: cells.shapes }
}
