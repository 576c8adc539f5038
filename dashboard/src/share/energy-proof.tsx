/** From a line of the statement to its quarter hours: choose a day, then a quarter hour, and read the sum. */
import type { ShareInterval, Statement } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Loaded } from '../ui/states.tsx';
import { IntervalTable } from './interval-table.tsx';
import { MonthDays } from './month-days.tsx';
import { WhyThisNumber } from './why-this-number.tsx';

export function EnergyProof({ statement }: { statement: Statement }) {
  const [day, setDay] = useState<string | null>(null);
  return (
    <>
      <p class="small soft">{text.statement.pickDay}</p>
      <MonthDays month={statement.month} chosen={day} choose={setDay} />
      {day !== null && <DayProof key={day} statement={statement} day={day} />}
    </>
  );
}

function DayProof({ statement, day }: { statement: Statement; day: string }) {
  const { api, format } = useApp();
  const [chosen, setChosen] = useState<number | null>(null);
  const intervals = useResource(
    (signal) => api.intervals({ member: statement.member, month: statement.month, day }, { signal }),
    [statement.member, statement.month, day],
  );
  return (
    <Loaded resource={intervals}>
      {(list: ShareInterval[]) => {
        const interval = list.find(({ startMs }) => startMs === chosen);
        if (list.length === 0) return <p class="soft">{text.statement.loadsNothing}</p>;
        return (
          <div class="stack">
            <h3>{format.dayLong(day)}</h3>
            <IntervalTable intervals={list} chosen={chosen} choose={setChosen} />
            {interval === undefined ? (
              <p class="small soft">{text.statement.pickInterval}</p>
            ) : (
              <WhyThisNumber interval={interval} method={statement.method} />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
