/** One edge agent: `node edge/main.ts --config FILE`. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openClock } from '@commonworks/clock';
import { kernelMs } from '@commonworks/clock/machine-time.ts';
import { CLOCK_VARIABLE, isCoded, uuidV7 } from '@commonworks/core';
import { pino } from 'pino';
import { runAgent } from './agent/agent.ts';
import { loadEdgeConfig } from './config/load.ts';
import { openOutbox } from './outbox/outbox.ts';
import packageJson from './package.json' with { type: 'json' };

const OUTBOX_BYTES_MAX = 256_000_000;
const OUTBOX_AGE_MAX_DAYS = 60;
const DAY_MS = 86_400_000;
/** Every part ends within a few seconds of its own; a supervisor's patience is usually longer than this. */
const END_MAX_MS = 20_000;

const log = pino({ base: { name: 'edge' } });
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
stop.signal.addEventListener('abort', () => setTimeout(giveUp, END_MAX_MS).unref(), { once: true });

try {
  await run(stop.signal);
} catch (error) {
  const code = isCoded(error) ? error.code : undefined;
  const remedy = isCoded(error) ? error.remedy : undefined;
  log.fatal({ code, remedy, err: code === undefined ? error : undefined }, String((error as Error).message));
  process.exitCode = 1;
  // What still runs would keep the process alive, unable to do its work.
  stop.abort();
}
// Everything is on disk and said by now. What may still hang, a name being looked up or a port being opened, is nobody's.
process.exit(process.exitCode ?? 0);

async function run(signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const loaded = loadEdgeConfig(values.config ?? 'edge.yaml');
  const { config } = loaded;
  const clock = await openClock({
    address: process.env[CLOCK_VARIABLE],
    signal,
    name: config.name,
    isDriver: true,
  });
  const newId = () => uuidV7(Math.max(clock.now(), 0), randomBytes(10));
  const boot = newId();
  await using outbox = await openOutbox({
    file: loaded.outboxFile,
    edge: config.edge,
    boot,
    newEpochs: [newId(), newId()],
    bytesMax: config.outbox?.bytesMax ?? OUTBOX_BYTES_MAX,
    ageMaxMs: (config.outbox?.ageMaxDays ?? OUTBOX_AGE_MAX_DAYS) * DAY_MS,
    nowMs: clock.now(),
    // In a demo the clock is trusted from the first moment; elsewhere nobody knows yet.
    stampMs: clock.status().mode === 'system' ? kernelMs() : clock.now(),
  });
  const tellDamage = (file: string) =>
    log.error({ code: 'edge.outbox-corrupt', file }, 'the outbox was damaged and set aside');
  if (outbox.damagedFile !== null) tellDamage(outbox.damagedFile);
  outbox.onDamaged(tellDamage);
  log.info({ edge: config.edge, edgeName: config.name, backlog: outbox.backlog().packs }, 'ready');
  await Promise.race([
    runAgent({ loaded, outbox, clock, boot, version: packageJson.version, log, signal }),
    outbox.died,
  ]);
  clock.close();
}

/** Something does not end although it was told to: the outbox survives being cut off, a machine that cannot restart does not. */
function giveUp(): void {
  log.error('a part of the agent did not end in time');
  process.exit(process.exitCode ?? 0);
}
