/** What I used, when, what was measured, and what it cost; each session opens to its spans. */
import type { Session, SessionSpan } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import type { Hue } from '../ui/badge.tsx';
import { Icon } from '../ui/icons.tsx';
import { Scroller } from '../ui/scroller.tsx';
import { Loaded } from '../ui/states.tsx';

/** A month's work stands there at once; older sessions are one tap away. */
const SHOWN_FIRST = 5;

export function MySessions({ member, round }: { member: string; round: number }) {
  const { api } = useApp();
  const sessions = useResource((signal) => api.mySessions(member, { signal }), [member, round]);
  return (
    <section class="card">
      <h2>{text.machines.mySessions}</h2>
      <Loaded resource={sessions}>{(list) => <SessionList sessions={list} />}</Loaded>
    </section>
  );
}

function SessionList({ sessions }: { sessions: readonly Session[] }) {
  const [isWhole, setWhole] = useState(false);
  if (sessions.length === 0) return <p class="soft">{text.machines.noSessions}</p>;
  const newestFirst = sessions.toSorted((a, b) => b.startMs - a.startMs);
  const shown = isWhole ? newestFirst : newestFirst.slice(0, SHOWN_FIRST);
  return (
    <>
      <ul class="links">
        {shown.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </ul>
      {shown.length < newestFirst.length && (
        <button type="button" class="button" onClick={() => setWhole(true)}>
          {text.machines.allSessions(newestFirst.length)}
        </button>
      )}
    </>
  );
}

function SessionRow({ session }: { session: Session }) {
  const { format } = useApp();
  const { startMs, endMs, runningS, idleS, unknownS, chargeMinor } = session;
  const parts = [
    `${format.duration(runningS)} ${text.machines.running}`,
    `${format.duration(idleS)} ${text.machines.idle}`,
  ];
  if (unknownS > 0) parts.push(`${format.duration(unknownS)} ${text.machines.unknown}`);
  return (
    <li>
      <details>
        <summary class="line-row">
          <span class="title">
            <Icon name="chevron" size={16} />
            {session.machineName}
          </span>
          <span class="amount">{chargeMinor === null ? text.machines.notYet : format.money(chargeMinor)}</span>
          <span class="reckoning">
            {format.date(startMs)},{' '}
            {endMs === null ? `${format.time(startMs)}, ${text.machines.open}` : format.timeRange(startMs, endMs)}
            <br />
            {parts.join(', ')}
            {session.waitsFor !== null && (
              <>
                <br />
                {text.machines.waitsFor[session.waitsFor]}
              </>
            )}
            {session.energyMwh !== null && `, ${format.energyText(session.energyMwh)}`}
          </span>
        </summary>
        <SpanBar spans={session.spans} />
        <SpanTable spans={session.spans} />
      </details>
    </li>
  );
}

const HUES: Record<SessionSpan['activity'], Hue> = {
  running: 'workshop',
  idle: 'neutral',
  off: 'neutral',
  hold: 'sun',
  alarm: 'alarm',
  unknown: 'neutral',
};

function SpanBar({ spans }: { spans: readonly SessionSpan[] }) {
  return (
    <div class="split-bar" aria-hidden="true">
      {spans.map(({ activity, fromMs, toMs }) => (
        <i
          key={fromMs}
          class={`kind-${HUES[activity]}${activity === 'unknown' ? ' is-hatched' : ''}${activity === 'idle' ? ' is-pale' : ''}`}
          style={{ flexGrow: String(toMs - fromMs), flexBasis: '0' }}
        />
      ))}
    </div>
  );
}

function SpanTable({ spans }: { spans: readonly SessionSpan[] }) {
  const { format } = useApp();
  return (
    <Scroller label={text.machines.spans}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.machines.from}</th>
            <th scope="col">{text.machines.to}</th>
            <th scope="col">{text.machines.activity}</th>
            <th scope="col">{text.machines.evidence}</th>
          </tr>
        </thead>
        <tbody>
          {spans.map(({ activity, fromMs, toMs, source }) => (
            <tr key={fromMs}>
              <td>{format.time(fromMs)}</td>
              <td>{format.time(toMs)}</td>
              <td>{activity === 'running' ? text.machines.running : text.machines[activity]}</td>
              <td class="mono nowrap">{source}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
