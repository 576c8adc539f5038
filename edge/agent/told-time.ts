/** The agent's time together with what is said about it: to the hub, to the log, and by the hub. */
import type { EventRecord } from '@commonworks/core';
import type { Logger } from 'pino';
import type { Outbox } from '../outbox/outbox.ts';
import type { TimeExchangePorts } from '../publish/time-exchange.ts';
import { createTimeNews } from './time-news.ts';
import { type AgentTime, type AgentTimeOptions, openAgentTime } from './time-trust.ts';

export type ToldTime = AgentTime & {
  /** Hands over what the hub must be told now; called on every tick, and when something was heard. */
  readonly tellNews: () => void;
  /** For the publisher; empty in a demo. */
  readonly exchange: { readonly time?: TimeExchangePorts };
  /** The wall clock was set. */
  readonly onStep: (listener: () => void) => void;
};

export type ToldTimeOptions = Pick<AgentTimeOptions, 'clock' | 'machine' | 'life' | 'signal'> & {
  readonly outbox: Pick<Outbox, 'call'>;
  readonly log: Logger;
  readonly onNews: (events: readonly EventRecord[]) => void;
};

/** Told lives can become untold again when their packs had to be dropped. */
const LIVES_PERIOD_MS = 60_000;

export function openToldTime(options: ToldTimeOptions): ToldTime {
  const { clock, machine, life, signal, log, outbox } = options;
  const listeners: (() => void)[] = [];
  const time = openAgentTime({
    ...{ clock, machine, life, signal },
    onStep: (byMs) => {
      log.warn({ code: 'edge.clock-stepped', byMs: Math.round(byMs) }, 'the clock of this machine was set');
      for (const listener of listeners) listener();
    },
    onHeard: () => tellNews(),
  });
  const news = createTimeNews(time, life);
  const logClock = createClockLog(time, log);
  function tellNews(): void {
    logClock();
    const events = news.take();
    if (events.length > 0) options.onNews(events);
  }
  const askLives = () => {
    // Without an answer the next minute asks again.
    outbox.call('untoldLives').then(news.expect, () => undefined);
  };
  let isSilent = false;
  const { hearHub } = time;
  if (hearHub === null) return { ...time, tellNews, exchange: {}, onStep: () => undefined };
  askLives();
  const timer = setInterval(askLives, LIVES_PERIOD_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  const exchange: TimeExchangePorts = {
    monotonicMs: time.monotonicMs,
    onMeasured: (hub) => {
      isSilent = false;
      hearHub(hub);
    },
    onSilence: () => {
      if (!isSilent) log.warn({ code: 'edge.time-unanswered' }, 'the hub does not say what time it is');
      isSilent = true;
    },
  };
  return {
    ...time,
    stamp: news.stamp,
    tellNews,
    exchange: { time: exchange },
    onStep: (one) => void listeners.push(one),
  };
}

/** Each change of what is known, once. */
function createClockLog(time: AgentTime, log: Logger): () => void {
  let last = '';
  return () => {
    const { isTrusted, source, offsetMs, errorMs } = time.knowledge();
    const now = `${isTrusted} ${source}`;
    if (now === last) return;
    last = now;
    const facts = { source, offsetMs, errorMs };
    if (isTrusted) log.info(facts, 'the time of this machine is trusted');
    else if (source === 'hub')
      log.warn({ ...facts, code: 'edge.clock-skewed' }, "the clock is wrong: the hub's is used");
    else log.warn({ ...facts, code: 'edge.clock-untrusted' }, 'nobody vouches for the clock: readings are dated later');
  };
}
