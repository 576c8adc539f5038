/** An agent of the test: packs with readings of the past, numbered as an outbox numbers them, through the broker's real door. */
import { randomUUID } from 'node:crypto';
import { type EventRecord, edgeTopic, encodePack, type Sample } from '@commonworks/core';
import { connectAsync } from 'mqtt';
import type { FaultSite, SiteEdge } from './fault-site.ts';
import type { LyingMeter, Reading } from './lying-meter.ts';
import { pause } from './real-time.ts';

export type Draft = { readonly samples: readonly Sample[]; readonly events: readonly EventRecord[] };

/** Readings of one pack. */
const READINGS_MAX = 300;
const DAY_MS = 86_400_000;
const ATTEMPTS_MAX = 200;

/** A meter's life in packs, in order of time; its identity stands at the beginning, at each change and once a day. */
export function draftsOf(meter: LyingMeter, point: 'importedWh' | 'exportedWh'): Draft[] {
  const { device } = meter.spec;
  const drafts: Draft[] = [];
  let told = { serial: '', day: -1 };
  for (let from = 0; from < meter.readings.length; from += READINGS_MAX) {
    const some = meter.readings.slice(from, from + READINGS_MAX);
    const events: EventRecord[] = [];
    for (const { serial, timeMs } of some) {
      const day = Math.floor(timeMs / DAY_MS);
      if (serial === told.serial && day === told.day) continue;
      told = { serial, day };
      events.push({ device, type: 'identity', timeMs, body: { serial } });
    }
    drafts.push({ samples: some.flatMap((reading) => samplesOf(reading, device, point)), events });
  }
  return drafts;
}

function samplesOf({ timeMs, mwh, powerW }: Reading, device: string, point: 'importedWh' | 'exportedWh'): Sample[] {
  const register: Sample = { device, point, timeMs, value: mwh / 1000, quality: 'good' };
  if (powerW === null) return [register];
  const sign = point === 'importedWh' ? 1 : -1;
  return [register, { device, point: 'activePowerW', timeMs, value: sign * powerW, quality: 'good' }];
}

/** One at a time, each until it is acknowledged, whatever happens to the broker meanwhile. */
export function createSender(site: FaultSite, edge: SiteEdge) {
  const { community, listen } = { community: site.config.community.id, listen: site.config.listen };
  const topic = edgeTopic(community, edge.id, 'data');
  const [epoch, boot] = [randomUUID(), randomUUID()];
  const url = `mqtt://127.0.0.1:${listen.mqttPort}`;
  let seq = 0;
  const connect = async () => {
    const login = { clientId: edge.id, username: edge.id, password: edge.secret, reconnectPeriod: 0 };
    const client = await connectAsync(url, login, false);
    return client.on('error', () => undefined);
  };
  return async (drafts: readonly Draft[]): Promise<void> => {
    let client: Awaited<ReturnType<typeof connect>> | null = null;
    for (const draft of drafts) {
      seq += 1;
      const body = encodePack({ edge: edge.id, epoch, seq, boot, ...draft });
      for (let attempt = 1; ; attempt++) {
        try {
          client ??= await connect();
          await publishWithin(client, topic, body);
          break;
        } catch (error) {
          if (attempt >= ATTEMPTS_MAX) throw error;
          client?.end(true);
          client = null;
          await pause(100);
        }
      }
    }
    await client?.endAsync();
  };
}

type Publishing = { publishAsync: (topic: string, body: string, options: { qos: 1 }) => Promise<unknown> };

async function publishWithin(client: Publishing, topic: string, body: string): Promise<void> {
  const late = pause(10_000).then(() => {
    throw new Error('no PUBACK within 10 s');
  });
  late.catch(() => undefined);
  await Promise.race([client.publishAsync(topic, body, { qos: 1 }), late]);
}
