/** MQTT topics. Every topic begins with the community's id; docs/topics.md explains them. */

/** `data`: QoS 1 packs, the truth. `live`: QoS 0, for eyes. `status`: retained birth and will. `mark` and `cmd` flow to the edge. */
export const EDGE_CHANNELS = ['data', 'live', 'status', 'mark', 'cmd'] as const;
export type EdgeChannel = (typeof EDGE_CHANNELS)[number];

export type EdgeTopic = { readonly community: string; readonly edge: string; readonly channel: EdgeChannel };

export function edgeTopic(community: string, edge: string, channel: EdgeChannel): string {
  return `${community}/${edge}/${channel}`;
}

/** The filter that matches one channel of every edge of a community. */
export function channelFilter(community: string, channel: EdgeChannel): string {
  return `${community}/+/${channel}`;
}

/** Null for a topic that is not of the form community/edge/channel. */
export function parseEdgeTopic(topic: string): EdgeTopic | null {
  const [community, edge, channel, ...rest] = topic.split('/');
  if (!community || !edge || rest.length > 0) return null;
  const known = EDGE_CHANNELS.find((name) => name === channel);
  return known === undefined ? null : { community, edge, channel: known };
}
