/** The projection against a stub written from the documentation of InfluxDB 2.x and 3. */
import type { LogEntry, Sample } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import type { ProjectionOptions } from './projection.ts';
import { startProjection } from './projection.ts';
import type { StubAnswer, StubFault, StubLine } from './stub-answers.ts';
import { STUB_DIALECTS } from './stub-answers.ts';
import type { StubServer } from './stub-server.ts';
import { startStub } from './stub-server.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const EPOCH = '01890000-0000-7000-8000-0000000000e0';
const BOOT = '01890000-0000-7000-8000-0000000000b0';
const START_MS = Date.UTC(2026, 5, 1);
const FAST = { idleMs: 1, backOffMinMs: 1, backOffMaxMs: 2, retryAfterMaxMs: 5 };

function entry(cursor: number, samples: readonly Sample[]): LogEntry {
  const body = encodePack({ edge: EDGE, epoch: EPOCH, seq: cursor, boot: BOOT, samples, events: [] });
  return { cursor, edge: EDGE, epoch: EPOCH, seq: cursor, receivedMs: START_MS + cursor, hash: '', body };
}

function poison(isBad: (line: StubLine) => boolean) {
  return (line: StubLine): StubFault | null => (isBad(line) ? { kind: 'syntax' } : null);
}

function power(i: number, value: number | null = i, timeMs = START_MS + i * 1000): Sample {
  return { device: 'pv-1', point: 'activePowerW', timeMs, value, quality: value === null ? 'missing' : 'good' };
}

function project(stub: Pick<StubServer, 'url'>, entries: readonly LogEntry[], more: Partial<ProjectionOptions> = {}) {
  const stop = new AbortController();
  const saved = new Map<string, number>();
  const logged: { level: string; fields: object; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const projection = startProjection({
    community: 'sonnenhof',
    targets: [{ name: 'stub', api: 'v2', url: stub.url, database: 'energy', org: 'ours', tokenFile: 'influx.token' }],
    readSecret: async () => 'secret',
    readLog: async (after, limit) => entries.filter((item) => item.cursor > after).slice(0, limit),
    cursors: { get: (name) => saved.get(name) ?? 0, set: (name, cursor) => void saved.set(name, cursor) },
    now: () => START_MS + 1_000_000,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    limits: FAST,
    signal: stop.signal,
    ...more,
  });
  const status = () => {
    const [first] = projection.status();
    if (first === undefined) throw new Error('no target');
    return first;
  };
  return {
    status,
    saved,
    logged,
    caughtUp: () => expect.poll(() => status().state, { interval: 2, timeout: 20_000 }).toBe('caught-up'),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await projection.done;
    },
  };
}

describe('the projection', () => {
  it('writes the whole log with its tags, token, organisation and bucket, and then moves its cursor', async () => {
    await using stub = await startStub({ token: 'secret' });
    const entries = Array.from({ length: 450 }, (_, i) => entry(i + 1, [power(i), power(i, i / 3, START_MS + 1 + i)]));
    await using running = project(stub, entries);
    await running.caughtUp();
    expect(stub.stored.size).toBe(new Set(entries.flatMap((_, i) => [START_MS + i * 1000, START_MS + 1 + i])).size);
    expect(stub.stored.get(`activePowerW,community=sonnenhof,device=pv-1,edge=${EDGE} ${START_MS + 7000}`)).toBe(
      'quality=0i,value=7',
    );
    expect(stub.requests[0]?.url).toBe('/api/v2/write?org=ours&bucket=energy&precision=ms');
    expect(running.saved.get('influx:stub')).toBe(450);
    expect(running.status()).toMatchObject({ cursor: 450, lagMs: 0, pointsWritten: 900, trouble: null });
  });

  it('continues after the saved cursor, and a replay from zero stores the same', async () => {
    await using stub = await startStub();
    const entries = [entry(1, [power(1)]), entry(2, [power(2)]), entry(3, [power(3, null)])];
    {
      await using running = project(stub, entries.slice(0, 2));
      await running.caughtUp();
    }
    await using replay = project(stub, entries);
    await replay.caughtUp();
    expect([...stub.stored.values()]).toEqual(['quality=0i,value=1', 'quality=0i,value=2', 'quality=5i']);
  });

  const waits: [string, (StubAnswer | 'hang-up')[], string][] = [
    ['429 with Retry-After', [{ status: 429, retryAfterS: 1 }, { status: 429 }], 'telemetry.influx-unavailable'],
    ['503 with Retry-After', [{ status: 503, retryAfterS: 30 }], 'telemetry.influx-unavailable'],
    ['500', [{ status: 500 }, { status: 500 }, { status: 500 }], 'telemetry.influx-unavailable'],
    ['a broken connection', ['hang-up', 'hang-up'], 'telemetry.influx-unavailable'],
    ['401', [{ status: 401 }], 'telemetry.influx-login'],
    ['404', [{ status: 404, message: 'bucket not found' }], 'telemetry.influx-database'],
  ];
  it.each(waits)('tries the same batch again after %s, and says once what is wrong', async (_name, script, code) => {
    await using stub = await startStub();
    stub.script.push(...script);
    await using running = project(stub, [entry(1, [power(1), power(2)])]);
    await running.caughtUp();
    expect(stub.stored.size).toBe(2);
    expect(running.logged.map((line) => [line.level, 'code' in line.fields ? line.fields.code : null])).toEqual([
      ['warn', code],
      ['info', null],
    ]);
  });

  it('halves a batch that is too large', async () => {
    await using stub = await startStub({ linesMax: 10 });
    await using running = project(stub, [
      entry(
        1,
        Array.from({ length: 137 }, (_, i) => power(i)),
      ),
    ]);
    await running.caughtUp();
    expect(stub.stored.size).toBe(137);
  });

  it.each(STUB_DIALECTS)('finds refused points among good ones (%s)', async (dialect) => {
    await using stub = await startStub({ dialect, faultOf: poison((line) => line.fields.get('value') === '6') });
    await using running = project(stub, [
      entry(
        1,
        Array.from({ length: 60 }, (_, i) => power(i)),
      ),
    ]);
    await running.caughtUp();
    expect([...stub.stored.keys()].filter((key) => !key.includes('edge=projection')).length).toBe(59);
    const { letters, pointsRefused, pointsWritten } = running.status();
    expect({ pointsRefused, pointsWritten }).toEqual({ pointsRefused: 1, pointsWritten: 59 });
    expect(letters[0]).toMatchObject({ count: 1, series: `${EDGE}/pv-1/activePowerW`, timeMs: START_MS + 6000 });
    expect(running.logged.map((line) => 'code' in line.fields && line.fields.code)).toEqual([
      'telemetry.influx-point-refused',
    ]);
  });

  it('waits, and refuses nothing, when the database refuses a harmless point as well', async () => {
    await using stub = await startStub({ dialect: 'mute', faultOf: poison(() => true) });
    await using running = project(stub, [entry(1, [power(1)])]);
    await expect
      .poll(() => running.status().trouble?.code, { interval: 2, timeout: 20_000 })
      .toBe('telemetry.influx-refuses-all');
    expect(running.status()).toMatchObject({ state: 'waiting', cursor: 0, pointsRefused: 0 });
    expect(running.status().lagMs).toBeGreaterThan(0);
  });

  it('leaves samples without trusted time, and packs it cannot read, to the log', async () => {
    await using stub = await startStub();
    const broken = { ...entry(2, []), body: 'not a pack' };
    await using running = project(stub, [entry(1, [power(1, 1, 5000), power(2)]), broken]);
    await running.caughtUp();
    expect(running.status()).toMatchObject({ cursor: 2, pointsWritten: 1, samplesUntimed: 1, packsUnreadable: 1 });
  });

  it('is not stopped by a log that cannot be read for a while', async () => {
    await using stub = await startStub();
    let failures = 3;
    const entries = [entry(1, [power(1)])];
    const readLog: ProjectionOptions['readLog'] = async (after) => {
      if (failures-- > 0) throw new Error('database is locked');
      return entries.filter((item) => item.cursor > after);
    };
    await using running = project(stub, entries, { readLog });
    await running.caughtUp();
    expect(stub.stored.size).toBe(1);
  });

  it('does not hold up one target for the sake of another', async () => {
    await using dead = await startStub({ dialect: 'mute', faultOf: poison(() => true) });
    await using alive = await startStub();
    const target = (name: string, url: string) => ({ name, api: 'v2' as const, url, database: 'b' });
    const targets = [target('dead', dead.url), target('alive', alive.url)];
    await using running = project(alive, [entry(1, [power(1)])], { targets });
    await expect.poll(() => running.saved.get('influx:alive'), { interval: 2, timeout: 20_000 }).toBe(1);
    expect(running.saved.get('influx:dead')).toBeUndefined();
  });

  it('refuses a community id that would need escaping in a tag', () => {
    const start = (community: string) => project({ url: 'http://127.0.0.1:1' }, [], { community });
    for (const id of ['', 'a b', 'a,b=c', 'a\nb', 'ä']) expect(() => start(id)).toThrow(/cannot be a tag/);
  });

  it('ends within its request when told to stop', async () => {
    await using stub = await startStub();
    stub.script.push(...Array.from({ length: 1000 }, () => ({ status: 503, retryAfterS: 100 })));
    const running = project(stub, [entry(1, [power(1)])], { limits: { ...FAST, retryAfterMaxMs: 300_000 } });
    await expect.poll(() => running.status().state, { interval: 2, timeout: 20_000 }).toBe('waiting');
    await running[Symbol.asyncDispose]();
    expect(running.status().state).toBe('stopped');
  });
});

describe('counting', () => {
  const voltage = (i: number): Sample => ({ ...power(i), point: 'voltageV' });
  /** 2,000 points in 200 packs; every tenth is of a field whose type the database refuses. */
  const entries = Array.from({ length: 200 }, (_, i) =>
    entry(
      i + 1,
      Array.from({ length: 10 }, (_, k) => (k === 7 ? voltage(i * 10 + k) : power(i * 10 + k))),
    ),
  );
  const faultOf = ({ measurement, fields }: StubLine): StubFault | null =>
    measurement === 'voltageV' && fields.has('value') ? { kind: 'conflict', field: 'value' } : null;

  it.each(STUB_DIALECTS)(
    'is true to the point with a field of a wrong type, also when the server comes and goes (%s)',
    async (dialect) => {
      await using stub = await startStub({ dialect, faultOf });
      for (let i = 0; i < 40; i++) stub.script.push('serve', i % 2 === 0 ? 'hang-up' : { status: 503 });
      await using running = project(stub, entries);
      await running.caughtUp();
      expect([...stub.stored.keys()].filter((key) => key.startsWith('activePowerW')).length).toBe(1800);
      expect([...stub.stored.keys()].filter((key) => key.startsWith('voltageV')).length).toBe(0);
      const { pointsWritten, pointsRefused, cursor, letters } = running.status();
      expect({ pointsWritten, pointsRefused, cursor }).toEqual({
        pointsWritten: 1800,
        pointsRefused: 200,
        cursor: 200,
      });
      expect(letters.map(({ series, count }) => [series, count])).toEqual([[`${EDGE}/pv-1/voltageV`, 200]]);
    },
  );

  it('lets the cursor wait while a batch is parted, and never pass a point that was not tried', async () => {
    await using stub = await startStub({ dialect: 'mute', faultOf });
    const saved: number[] = [];
    const counting = { get: () => 0, set: (_name: string, cursor: number) => void saved.push(cursor) };
    stub.script.push(
      ...Array.from({ length: 30 }, () => 'serve' as const),
      ...Array.from({ length: 1000 }, () => ({ status: 503 })),
    );
    const running = project(stub, entries, {
      cursors: counting,
      limits: { ...FAST, backOffMinMs: 50, backOffMaxMs: 50 },
    });
    await expect.poll(() => running.status().state, { interval: 2, timeout: 20_000 }).toBe('waiting');
    await running[Symbol.asyncDispose]();
    expect(stub.stored.size).toBeGreaterThan(0);
    expect(saved).toEqual([]);
    expect(running.status()).toMatchObject({ cursor: 0, pointsWritten: 0, pointsRefused: 0 });
  });

  it('does not take a field of a wrong type for a wrong setting, even where the harmless point has the same', async () => {
    const wrong = ({ fields }: StubLine): StubFault | null =>
      fields.has('state') ? { kind: 'conflict', field: 'state' } : null;
    await using stub = await startStub({ dialect: '2-strict', faultOf: wrong });
    const state: Sample = { device: 'm', point: 'operatingState', timeMs: START_MS, value: 'run', quality: 'good' };
    await using running = project(stub, [entry(1, [state]), entry(2, [power(1)])], {
      limits: { ...FAST, entriesMax: 1 },
    });
    await running.caughtUp();
    expect(running.status()).toMatchObject({ pointsWritten: 1, pointsRefused: 1, cursor: 2 });
  });
});
