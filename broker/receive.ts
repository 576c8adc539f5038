/** What becomes of a message whose sender may publish it. */
import type { Clock, EdgeTopic } from '@commonworks/core';
import { devicesTopic, edgeTopic, MESSAGE_LIMITS } from '@commonworks/core';
import { bootOf, devicesPayload, isLivePayload, isStatusPayload } from './edge-messages.ts';
import type { Ingest } from './ingest/ingest.ts';
import type { LatestMessages } from './latest-messages.ts';
import type { LogWatch } from './log-watch.ts';
import type { Disposition, Received } from './mqtt/mqtt-broker.ts';
import type { BudgetName } from './mqtt/user-budgets.ts';

export type ReceiverParts = {
  readonly community: string;
  readonly ingest: Pick<Ingest, 'keep'>;
  readonly latest: LatestMessages;
  readonly now: Clock;
  readonly watch: Pick<LogWatch, 'edgeStatus'>;
  readonly tellTime: (edge: string, payload: Uint8Array) => void;
  readonly manners: () => {
    /** False: its connections are ended. */
    readonly spend: (edge: string, name: BudgetName) => boolean;
    /** True: it sends more of it than anybody needs, and this one may be dropped. */
    readonly mayLose: (edge: string, name: BudgetName) => boolean;
    /** How long it has to wait, milliseconds; meanwhile nothing more is read from its sender. */
    readonly pace: (edge: string, name: 'data' | 'days', amount: number) => number;
    readonly toldBoot: (edge: string, boot: string) => void;
  };
};

type Receive = (received: Received) => Disposition | Promise<Disposition>;

export function createReceiver(parts: ReceiverParts): Receive {
  const { manners } = parts;
  return (received) => {
    const { topic, payload } = received;
    const { edge, channel } = topic;
    switch (channel) {
      case 'data':
        return takeData(parts, edge, payload);
      case 'live':
        return !manners().mayLose(edge, 'live') && isLivePayload(payload) ? 'deliver' : 'swallow';
      case 'status':
        if (manners().spend(edge, 'status')) takeStatus(parts, received);
        return 'swallow';
      case 'devices':
        if (manners().spend(edge, 'devices')) takeDevices(parts, received);
        return 'swallow';
      case 'cmd':
        return payload.length <= MESSAGE_LIMITS.commandBytes ? 'deliver' : 'swallow';
      case 'ask':
        if (manners().spend(edge, 'ask')) parts.tellTime(edge, payload);
        return 'swallow';
      case 'mark':
      case 'time':
        return 'swallow';
      default:
        return channel satisfies never;
    }
  };
}

async function takeData({ ingest, manners }: ReceiverParts, edge: string, payload: Uint8Array): Promise<Disposition> {
  const waitMs = Math.max(manners().pace(edge, 'data', payload.length), manners().pace(edge, 'days', 0));
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
  const outcome = await ingest.keep(edge, payload);
  if (outcome !== 'quarantined') return 'deliver';
  manners().spend(edge, 'poison');
  return 'swallow';
}

/** Told on and kept by whoever knows the newest only. */
function takeStatus(
  { latest, now, community, manners, watch }: ReceiverParts,
  { topic, payload, isRetained }: Received,
): void {
  if (!isStatusPayload(payload)) return;
  const { edge } = topic;
  const text = Buffer.from(payload).toString('utf8');
  const boot = bootOf(text);
  if (boot !== null) manners().toldBoot(edge, boot);
  // It asks again with its next status.
  watch.edgeStatus(edge, payload).catch(() => undefined);
  const saved = { status: { edge, receivedMs: now(), payload: text } };
  latest.take({ topic: edgeTopic(community, edge, 'status'), payload: text, isRetained, saved });
}

/** A page of a device list. */
function takeDevices({ latest, community }: ReceiverParts, { topic, payload, isRetained }: Received): void {
  const { edge, page = 0 }: EdgeTopic = topic;
  const list = devicesPayload(payload);
  if (list === null || (list !== 'cleared' && list.page !== page)) return;
  const pages = list === 'cleared' ? MESSAGE_LIMITS.devicesPages : list.pages;
  const text = Buffer.from(payload).toString('utf8');
  const saved = { devices: { edge, page, pages, payload: text } };
  latest.take({ topic: devicesTopic(community, edge, page), payload: text, isRetained, saved });
}
