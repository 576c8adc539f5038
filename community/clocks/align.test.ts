/** Badges and machines of agents whose clocks differ: compared in the hub's time only, and charged when that is known. */
import type { EventRecord, HubMoment, Pack, Sample, SkewEvent } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { badgeOf, COMMUNITY, EDGE, id, LASER, MILL, openTestDatabase, PEOPLE } from '../http/test-community.ts';
import { memberSessions } from '../workshop/session-views.ts';
import type { WorkshopContext } from '../workshop/sessions.ts';
import { createWorkshopListener } from '../workshop/workshop-listener.ts';
import { listEdgeClocks } from './edge-clocks.ts';
import { followHub } from './follow-hub.ts';
import { createSkewListener } from './skew-listener.ts';

const MIN = 60_000;
const T0 = Date.UTC(2026, 4, 4, 8, 0);
const READER = id(22);
const BOOT = id(91);
const POWER = { off_below_w: 10, idle_below_w: 50, running_from_w: 200 };
const at = (minute: number) => T0 + minute * MIN;

/** The machine's meter at one agent, the badge reader at another, and the hub between them. */
async function shop() {
  const db = await openTestDatabase();
  await db.insertInto('edge').values({ community: COMMUNITY, id: READER, name: 'door', secret_hash: 'x' }).execute();
  await db.deleteFrom('machine').where('id', '=', MILL).execute();
  await db
    .insertInto('machine_setting')
    .values({ machine: LASER, reader_edge: READER, reader_device: 'badge-1', ...POWER })
    .onConflict((conflict) => conflict.column('machine').doUpdateSet({ reader_edge: READER, reader_device: 'badge-1' }))
    .execute();
  const hub: { moment: HubMoment } = { moment: { nowMs: at(90), isTrusted: true, boot: 'hub', upMs: 0 } };
  const context: WorkshopContext = {
    ...{ community: COMMUNITY, zone: 'Europe/Vienna', currency: 'EUR' },
    time: { hub: () => hub.moment },
  };
  const listeners = [createSkewListener(context), createWorkshopListener(context, () => hub.moment.nowMs)];
  let seq = 0;
  const hear = async (edge: string, samples: readonly Sample[], events: readonly EventRecord[]) => {
    seq++;
    const pack: Pack = { edge, epoch: BOOT, seq, boot: BOOT, samples: [...samples], events: [...events] };
    const entry = { cursor: seq, edge, epoch: BOOT, seq, receivedMs: 0, hash: '', body: '' };
    await db.transaction().execute(async (tx) => {
      for (const listener of listeners) await listener(tx, { entry, pack }, () => undefined);
    });
  };
  return { db, hub, context, hear };
}
type Shop = Awaited<ReturnType<typeof shop>>;

/** Of an agent that stamps by its wall clock: its time service vouches for it, right or not. */
const skew = (offsetMs: number | null, atMs: number, by: SkewEvent['source'] = 'system'): EventRecord => {
  const source = offsetMs === null ? 'none' : by;
  const body: SkewEvent = { offsetMs, errorMs: 5, isTrusted: source === 'system', source };
  return { device: 'edge', type: 'skew', timeMs: atMs, body: { ...body } };
};
const power = (minute: number, watts: number, byMs = 0): Sample => ({
  ...{ device: 'laser-1', point: 'activePowerW', value: watts, timeMs: at(minute) + byMs, quality: 'good' },
});
const badge = (minute: number, who: 'anna' | 'ben', byMs: number): EventRecord => ({
  ...{ device: 'badge-1', type: 'badge', timeMs: at(minute) + byMs, body: { badge: badgeOf(who), reader: 'badge-1' } },
});

/** Anna has the laser from minute 5 to 40, Ben from 45 to 70; it runs 10 minutes of hers and 15 of his. */
async function morning(
  { hear }: Shop,
  of: { readerMs: number; machineMs: number; isToldFirst: boolean },
): Promise<void> {
  const { readerMs, machineMs } = of;
  const tell = async () => {
    await hear(READER, [], [skew(readerMs, at(0) + readerMs)]);
    await hear(EDGE, [], [skew(machineMs, at(0) + machineMs)]);
  };
  if (of.isToldFirst) await tell();
  const watts = (minute: number) => ((minute >= 20 && minute < 30) || (minute >= 50 && minute < 65) ? 900 : 30);
  for (let minute = 0; minute <= 80; minute++) {
    const shown = { 5: ['anna'], 40: ['anna'], 45: ['ben'], 70: ['ben'] } as const;
    const who = shown[minute as keyof typeof shown];
    if (who !== undefined) await hear(READER, [], [badge(minute, who[0], readerMs)]);
    await hear(EDGE, [power(minute, watts(minute), machineMs)], []);
  }
  if (!of.isToldFirst) await tell();
}

const charges = async (db: Db) => {
  const all = await Promise.all(
    (['anna', 'ben'] as const).map((who) => memberSessions(db, PEOPLE[who], { beforeMs: at(1e6), limit: 9 })),
  );
  return all.map((sessions) =>
    sessions.map(({ chargeMinor, runningS, waitsFor }) => [chargeMinor, runningS, waitsFor]),
  );
};
/** 12 EUR an hour of running. */
const RIGHT = [[[200, 600, null]], [[300, 900, null]]];

describe('a badge reader and a machine whose clocks differ', () => {
  it('charge each member her own minutes, whatever the offsets', async () => {
    const offset = fc.oneof(fc.integer({ min: -1800, max: 1800 }), fc.constantFrom(-86_400 * 365, 86_400 * 30, 0));
    await fc.assert(
      fc.asyncProperty(offset, offset, async (readerS, machineS) => {
        const one = await shop();
        await morning(one, { readerMs: readerS * 1000, machineMs: machineS * 1000, isToldFirst: true });
        expect(await charges(one.db)).toEqual(RIGHT);
        await one.db.destroy();
      }),
      { numRuns: 15 },
    );
  });

  it('are not moved by the skew of a clock that was wrong while times since boot were stamped', async () => {
    const one = await shop();
    await one.hear(READER, [], [skew(0, at(0))]);
    // The last told before the time service found the time; what it is then is told after the first readings.
    await one.hear(EDGE, [], [skew(-T0, at(0), 'hub')]);
    for (let minute = 0; minute <= 60; minute++) {
      if (minute === 5 || minute === 45) await one.hear(READER, [], [badge(minute, 'anna', 0)]);
      if (minute === 50) await one.hear(EDGE, [], [skew(-2 * 86_400_000, at(minute), 'hub')]);
      await one.hear(EDGE, [power(minute, minute >= 20 && minute < 30 ? 900 : 30)], []);
    }
    expect((await charges(one.db))[0]?.[0]?.[0]).toBeNull();
    await one.hear(EDGE, [], [skew(0, at(61))]);
    expect((await charges(one.db))[0]).toEqual([[200, 600, null]]);
    await one.db.destroy();
  });

  it('are never moved into the future, whoever vouches for the clock', async () => {
    const one = await shop();
    await one.hear(EDGE, [], [skew(-T0, at(0))]);
    await one.hear(EDGE, [power(1, 900), power(2, 900)], []);
    const newest = async () =>
      (await one.db.selectFrom('machine_watch').select('time_ms').executeTakeFirstOrThrow()).time_ms;
    expect(await newest()).toBe(at(2));
    await one.hear(EDGE, [], [skew(-T0, at(3))]);
    expect(await newest()).toBe(at(2));
    await one.db.destroy();
  });

  it('charge nothing while an offset is not known, say why, and charge it right when it is', async () => {
    const one = await shop();
    const byMs = -10 * MIN;
    await one.hear(EDGE, [], [skew(0, at(0))]);
    for (let minute = 0; minute <= 60; minute++) {
      if (minute === 5 || minute === 45) await one.hear(READER, [], [badge(minute, 'anna', byMs)]);
      await one.hear(EDGE, [power(minute, minute >= 20 && minute < 30 ? 900 : 30)], []);
    }
    const [[session] = []] = await charges(one.db);
    expect(session?.[0]).toBeNull();
    expect(session?.[2]).toBe('agent-clock');
    await one.hear(READER, [], [skew(byMs, at(61) + byMs)]);
    expect((await charges(one.db))[0]).toEqual([[200, 600, null]]);
    expect(await listEdgeClocks(one.db)).toMatchObject([
      { edgeName: 'door', history: [{ offsetMs: byMs, source: 'system', isTrusted: true }] },
      { edgeName: 'workshop', history: [{ offsetMs: 0, source: 'system' }] },
    ]);
    await one.db.destroy();
  });

  it('wait for the hub’s own time, and are charged when somebody confirms it', async () => {
    const one = await shop();
    // The hub believes that it is an hour earlier; agents measure themselves against it.
    const hubMs = -60 * MIN;
    const hubAt = (minute: number): HubMoment => ({
      ...{ nowMs: at(minute) + hubMs, isTrusted: false, boot: 'hub', upMs: minute * MIN },
    });
    one.hub.moment = hubAt(0);
    await one.hear(READER, [], [skew(-hubMs, at(0))]);
    await one.hear(EDGE, [], [skew(-hubMs, at(0))]);
    for (let minute = 0; minute <= 60; minute++) {
      one.hub.moment = hubAt(minute);
      if (minute === 5 || minute === 45) await one.hear(READER, [], [badge(minute, 'anna', 0)]);
      await one.hear(EDGE, [power(minute, minute >= 20 && minute < 30 ? 900 : 30)], []);
    }
    expect((await charges(one.db))[0]?.[0]?.[2]).toBe('hub-clock');
    one.hub.moment = { nowMs: at(61), isTrusted: true, boot: 'hub', upMs: 61 * MIN };
    const notices = await followHub(one.db, one.context);
    expect(notices).toMatchObject([{ kind: 'machine', body: { machine: LASER, did: 'closed' } }]);
    expect((await charges(one.db))[0]).toEqual([[200, 600, null]]);
    const [session] = await memberSessions(one.db, PEOPLE.anna, { beforeMs: at(1e6), limit: 9 });
    expect([session?.startMs, session?.endMs]).toEqual([at(5), at(45)]);
    await one.db.destroy();
  });
});
