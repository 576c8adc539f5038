/** The log's last word on each device's reach, in memory: of each edge the devices it told of last. */
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import type { Reach, ReachOf } from './device-views.ts';

export type ReachWords = {
  readonly of: ReachOf;
  readonly set: (edge: string, device: string, word: Reach) => void;
};

export function createReachWords(devicesPerEdge: number = COMMUNITY_BUDGETS.devicesPerEdge): ReachWords {
  const byEdge = new Map<string, Map<string, Reach>>();
  return {
    of: (edge, device) => byEdge.get(edge)?.get(device),
    set(edge, device, word) {
      const own = byEdge.get(edge) ?? new Map<string, Reach>();
      byEdge.set(edge, own);
      own.delete(device);
      own.set(device, word);
      const [oldest] = own.keys();
      if (own.size > devicesPerEdge && oldest !== undefined) own.delete(oldest);
    },
  };
}
