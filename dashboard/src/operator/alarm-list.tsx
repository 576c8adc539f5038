/** Alarms that stand, with what to do; past ones folded away. */
import type { Alarm } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Fold } from '../ui/fold.tsx';

const PAST_SHOWN_MAX = 20;

export function AlarmList({ alarms }: { alarms: readonly Alarm[] }) {
  const newestFirst = alarms.toSorted((a, b) => b.sinceMs - a.sinceMs);
  const standing = newestFirst.filter(({ untilMs }) => untilMs === null);
  const past = newestFirst.filter(({ untilMs }) => untilMs !== null).slice(0, PAST_SHOWN_MAX);
  return (
    <>
      {standing.length === 0 ? (
        <p class="row">
          <Badge hue="battery" icon="check" word={text.operator.noAlarms} />
        </p>
      ) : (
        <ul class="alarm-grid">
          {standing.map((alarm) => (
            <AlarmCard key={alarm.id} alarm={alarm} />
          ))}
        </ul>
      )}
      {past.length > 0 && (
        <Fold title={text.operator.past}>
          <ul class="alarm-grid">
            {past.map((alarm) => (
              <AlarmCard key={alarm.id} alarm={alarm} />
            ))}
          </ul>
        </Fold>
      )}
    </>
  );
}

function AlarmCard({ alarm }: { alarm: Alarm }) {
  const { format } = useApp();
  const { severity, subject, message, remedy, code, sinceMs, untilMs } = alarm;
  const since = format.dateTime(sinceMs);
  const when =
    untilMs === null ? text.machines.since(since) : text.operator.sinceUntil(since, format.dateTime(untilMs));
  const hue = untilMs !== null ? 'neutral' : severity === 'alarm' ? 'alarm' : 'sun';
  return (
    <li class={`alarm-card kind-${hue}`}>
      <div class="row">
        <Badge hue={hue} icon={untilMs === null ? 'alarm' : 'check'} word={text.operator.severity[severity]} />
        <span class="strong">{subject}</span>
        <span class="small soft">{when}</span>
      </div>
      <p>{message}</p>
      <p class="small">
        <span class="strong">{text.operator.remedy}:</span> {remedy}
      </p>
      <p class="small soft mono">{code}</p>
    </li>
  );
}
