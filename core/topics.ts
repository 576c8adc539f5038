/** MQTT topics. Every topic begins with the community's id; docs/topics.md explains them. */

/**
 * `data`: QoS 1 packs, the truth. `live`: QoS 0, for eyes. `status`: retained birth and will. `devices`: retained pages
 * of the device list. `mark` and `cmd` flow to the edge. `ask` and `time`: what the edge asks of the hub's clock, and the
 * answer (QoS 0, never retained).
 */
export const EDGE_CHANNELS = ['data', 'live', 'status', 'devices', 'mark', 'cmd', 'ask', 'time'] as const;
export type EdgeChannel = (typeof EDGE_CHANNELS)[number];

export type EdgeTopic = {
  readonly community: string;
  readonly edge: string;
  readonly channel: EdgeChannel;
  /** Of the device list only. */
  readonly page?: number;
};

/** Pages of a device list are counted from 0 and have at most three digits. */
const PAGE = /^(?:0|[1-9]\d{0,2})$/;

export function edgeTopic(community: string, edge: string, channel: EdgeChannel): string {
  return `${community}/${edge}/${channel}`;
}

/** The filter that matches one channel of every edge of a community. */
export function channelFilter(community: string, channel: EdgeChannel): string {
  return channel === 'devices' ? `${community}/+/devices/+` : `${community}/+/${channel}`;
}

/** One page of an edge's device list. */
export function devicesTopic(community: string, edge: string, page: number): string {
  return `${edgeTopic(community, edge, 'devices')}/${page}`;
}

/** Null for a topic that is not of the form community/edge/channel, or community/edge/devices/page. */
export function parseEdgeTopic(topic: string): EdgeTopic | null {
  const [community, edge, channel, page, ...rest] = topic.split('/');
  if (!community || !edge || rest.length > 0) return null;
  if (channel === 'devices') {
    return page !== undefined && PAGE.test(page) ? { community, edge, channel, page: Number(page) } : null;
  }
  if (page !== undefined) return null;
  const known = EDGE_CHANNELS.find((name) => name === channel);
  return known === undefined ? null : { community, edge, channel: known };
}
