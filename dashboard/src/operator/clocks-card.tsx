/** What time the hub believes it is, what that is worth, and how its agents' clocks stand against it. */
import type { ClockMeasurement, Clocks, EdgeClockRecord } from '@commonworks/core/api/index.ts';
import { SKEW_MAX_MS } from '@commonworks/core/time-exchange.ts';
import { hasRole, useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded } from '../ui/states.tsx';
import { ConfirmTime } from './confirm-time.tsx';

const words = text.clocks;
const HISTORY_SHOWN = 20;

export function ClocksCard() {
  const { api, live, me } = useApp();
  const clocks = useResource((signal) => api.clocks({ signal }), [live.generation.value]);
  const canConfirm = hasRole(me, 'operator') || hasRole(me, 'admin');
  return (
    <section class="card">
      <h2>{words.title}</h2>
      <Loaded resource={clocks}>
        {(data) => (
          <>
            <HubFacts clocks={data} />
            {canConfirm && data.hub.source !== 'demo' && <ConfirmTime onConfirmed={clocks.reload} />}
            <ul class="links">
              {data.edges.map((edge) => (
                <EdgeRow key={edge.edge} edge={edge} />
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </section>
  );
}

function HubFacts({ clocks: { hub, confirmations, waiting } }: { clocks: Clocks }) {
  const { format } = useApp();
  const facts = [
    [words.hubSays, format.dateTime(hub.nowMs)],
    [words.restsOn, words.sources[hub.source]],
    ...(hub.errorMs === null ? [] : [[words.mayBeOff, seconds(hub.errorMs)]]),
    ...(hub.measuredMs === null || hub.source === 'demo' ? [] : [[words.lastHeard, format.dateTime(hub.measuredMs)]]),
    ...(hub.untilMs === null || !hub.isTrusted ? [] : [[words.goodUntil, format.dateTime(hub.untilMs)]]),
  ] as const;
  return (
    <>
      <p class="row">
        <Badge
          hue={hub.isTrusted ? 'battery' : 'alarm'}
          icon={hub.isTrusted ? 'check' : 'alarm'}
          word={hub.isTrusted ? words.known : words.unknown}
        />
      </p>
      {!hub.isTrusted && <p>{words.unknownHelp}</p>}
      <dl class="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {waiting.map(({ edge, reason, edgeName, packs }) => (
        <p key={`${edge}/${reason}`} class="small">
          {words.waiting[reason](edgeName, packs)}
        </p>
      ))}
      {confirmations.length > 0 && (
        <Fold title={words.confirmations}>
          <ul>
            {confirmations.map(({ atMs, by, offsetMs, errorMs }) => (
              <li key={atMs} class="small">
                {words.confirmed(format.dateTime(atMs), by, signed(offsetMs), seconds(errorMs))}
              </li>
            ))}
          </ul>
        </Fold>
      )}
    </>
  );
}

function EdgeRow({ edge: { edgeName, history } }: { edge: EdgeClockRecord }) {
  const { format } = useApp();
  const [newest] = history;
  if (newest === undefined) {
    return (
      <li>
        <span class="strong">{edgeName}</span> <span class="soft">{words.never}</span>
      </li>
    );
  }
  return (
    <li class="stack is-tight">
      <p class="row">
        <span class="strong">{edgeName}</span>
        <Badge {...badgeOf(newest)} />
      </p>
      <p class="small">{sentence(newest)}</p>
      <Fold title={words.history}>
        <ul>
          {history.slice(0, HISTORY_SHOWN).map((one) => (
            <li key={one.measuredMs} class="small">
              {format.dateTime(one.measuredMs)}: {sentence(one)}
            </li>
          ))}
        </ul>
      </Fold>
    </li>
  );
}

function badgeOf({ offsetMs, source }: ClockMeasurement) {
  const isOff = offsetMs !== null && Math.abs(offsetMs) > SKEW_MAX_MS;
  if (isOff) return { hue: 'alarm', icon: 'alarm', word: words.off } as const;
  if (source === 'none') return { hue: 'sun', icon: 'alarm', word: words.notKnown } as const;
  return { hue: 'battery', icon: 'check', word: words.right } as const;
}

function sentence({ offsetMs, errorMs, source }: ClockMeasurement): string {
  const by = words.sources[source];
  if (offsetMs === null) return words.unmeasured(by);
  return words.measured(signed(offsetMs), errorMs === null ? '?' : seconds(errorMs), by);
}

function signed(ms: number): string {
  const side = ms > 0 ? words.ahead : words.behind;
  return Math.abs(ms) < 1 ? words.exact : side(seconds(Math.abs(ms)));
}

function seconds(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(ms < 1000 ? 3 : 1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 1000)} s`;
  const hours = Math.round(ms / 3_600_000);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
