/** A command that nobody heard in time, kept by a slow network and delivered after its end: it must not be executed. */
import { join } from 'node:path';
import { edgeTopic } from '@commonworks/core';
import { connectAsync } from 'mqtt';
import { withDatabase } from '../site/stored.ts';
import type { BadSite } from './bad-site.ts';
import { pause, realNow } from './real-time.ts';

export type OldCommand = { readonly text: string; readonly issuedMs: number };

/** A command not executed within a minute is not executed at all. */
const LIFE_MS = 61_000;

/** Asked for while the workshop's agent has no power, so that it never heard of it. */
export async function issueUnheard(bad: BadSite): Promise<OldCommand> {
  const { process } = bad.agents.shop;
  await process.cut();
  const issuedMs = realNow();
  const request = {
    edge: bad.edgeOf('shop'),
    device: 'lamp',
    kind: 'setRelay',
    value: 1,
    reason: 'unheard',
    seconds: 3600,
  };
  const answer = (await bad.post('/commands', request)) as { id: string } | null;
  if (answer === null) throw new Error('the hub refused the command');
  await process.start();
  const text = withDatabase(join(bad.site.dir, 'data', 'community.db'), (db) => {
    const row = db.prepare('SELECT body, signature FROM command WHERE id = ?').get(answer.id);
    return JSON.stringify({ body: row?.['body'], signature: row?.['signature'] });
  });
  return { text, issuedMs };
}

/** Delivers it when it is over, to an agent whose clock is two days behind and for whom it would still be fresh. */
export async function deliverLate(bad: BadSite, command: OldCommand): Promise<void> {
  const { config, serviceToken } = bad.site;
  await pause(Math.max(0, command.issuedMs + LIFE_MS - realNow()));
  const { clock } = bad.agents.shop;
  clock.setSynchronized(false);
  clock.step(-2 * 86_400_000);
  await pause(2000);
  const client = await connectAsync(`mqtt://127.0.0.1:${config.listen.mqttPort}`, {
    ...{ username: 'service', password: serviceToken, clientId: 'service-slow-network' },
  });
  await client.publishAsync(edgeTopic(config.community.id, bad.edgeOf('shop'), 'cmd'), command.text, { qos: 1 });
  await pause(3000);
  await client.endAsync();
  clock.step(0);
  clock.setSynchronized(true);
}
