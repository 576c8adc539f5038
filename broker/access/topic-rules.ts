/** What each role may publish and subscribe to; everything else is refused. */
import type { Result } from '@commonworks/core';
import {
  accept,
  EDGE_CHANNELS,
  type EdgeChannel,
  type EdgeTopic,
  edgeTopic,
  isUuid,
  parseEdgeTopic,
  refuse,
} from '@commonworks/core';
import { isValidFilter } from '../mqtt/topic-filter.ts';
import type { Principal } from './credentials.ts';

export type Publication = { readonly topic: string; readonly qos: number; readonly retain: boolean };

/** Personal load profiles travel on `data`: tools that only watch get no more than the latest values. */
const READONLY_CHANNELS = ['live', 'status', 'devices'];
/** What flows to the edge: it may read its own, and publish none of them. */
const TO_EDGE: readonly EdgeChannel[] = ['mark', 'cmd', 'time'];

export class TopicRules {
  readonly #community: string;

  constructor(community: string) {
    this.#community = community;
  }

  publish({ user, role }: Principal, publication: Publication): Result<EdgeTopic> {
    const topic = parseEdgeTopic(publication.topic);
    if (topic === null || topic.community !== this.#community || !isUuid(topic.edge)) {
      return refuse('broker.publish-refused', 'the topic is not of the form community/edge/channel');
    }
    switch (role) {
      case 'edge':
        return this.#edgePublish(user, topic, publication);
      case 'service':
        return this.#servicePublish(topic, publication);
      case 'operator':
      case 'readonly':
        return refuse('broker.publish-refused', `a user of role ${role} does not publish`);
      default:
        return role satisfies never;
    }
  }

  subscribe({ user, role }: Principal, filter: string): Result<string> {
    if (!isValidFilter(filter))
      return refuse('broker.filter-refused', 'the filter is malformed or of a kind not served');
    const [community, edge = '', channel = '', ...rest] = filter.split('/');
    const isInside = community === this.#community && filter.includes('/');
    switch (role) {
      case 'service':
      case 'operator':
        return isInside ? accept(filter) : refuse('broker.filter-refused', 'the filter leaves the community');
      case 'edge': {
        const own = TO_EDGE.map((name) => edgeTopic(this.#community, user, name));
        return own.includes(filter)
          ? accept(filter)
          : refuse('broker.filter-refused', 'an edge reads its mark, cmd and time');
      }
      case 'readonly': {
        const isPlain = isInside && rest.length === (channel === 'devices' ? 1 : 0) && (edge === '+' || isUuid(edge));
        const isOpen = isPlain && READONLY_CHANNELS.includes(channel);
        return isOpen ? accept(filter) : refuse('broker.filter-refused', 'a reader gets live, status and devices');
      }
      default:
        return role satisfies never;
    }
  }

  #edgePublish(user: string, topic: EdgeTopic, { qos, retain }: Publication): Result<EdgeTopic> {
    const { channel } = topic;
    if (topic.edge !== user) return refuse('broker.publish-refused', 'an edge publishes under its own id only');
    if (TO_EDGE.includes(channel)) {
      return refuse('broker.publish-refused', `an edge does not publish on ${channel}`);
    }
    if (retain && channel !== 'status' && channel !== 'devices') {
      return refuse('broker.publish-refused', 'only status and devices may be retained');
    }
    if (channel === 'ask' && qos !== 0) {
      return refuse('broker.publish-refused', 'a question about the time is of QoS 0: kept for later it would mislead');
    }
    if (channel === 'data' && qos !== 1) {
      return refuse('broker.publish-refused', `data is published with QoS 1, not ${qos}: only then is it acknowledged`);
    }
    return accept(topic);
  }

  #servicePublish(topic: EdgeTopic, { retain }: Publication): Result<EdgeTopic> {
    const others = EDGE_CHANNELS.filter((channel) => channel !== 'cmd');
    if (others.some((channel) => channel === topic.channel)) {
      return refuse('broker.publish-refused', 'the service publishes commands only');
    }
    if (retain) return refuse('broker.publish-refused', 'a command is never retained');
    return accept(topic);
  }
}
